"""What a file says about where it comes from, as it was read when it came in."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('detection', '0005_phash'),
    ]

    operations = [
        migrations.AddField(
            model_name='mediafile',
            name='provenance',
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
