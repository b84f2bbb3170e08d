"""A perceptual hash for each file, with its rows in the index that similarity.near searches."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('detection', '0004_audit_guards'),
    ]

    operations = [
        migrations.AddField(
            model_name='mediafile',
            name='phash',
            field=models.CharField(blank=True, default='', max_length=16),
        ),
        migrations.CreateModel(
            name='PhashBand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.PositiveIntegerField()),
                ('media', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='phash_bands', to='detection.mediafile')),
            ],
            options={
                'indexes': [models.Index(fields=['key', 'media'], name='detection_phash')],
            },
        ),
    ]
