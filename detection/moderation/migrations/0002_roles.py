from django.db import migrations

# What the groups hold at this point. Later rights come from detection/permissions.py, by `manage.py create_roles`.
ROLES = {
    "user": (),
    "moderator": ("decide_case",),
    "lead": ("decide_case", "lead_case"),
    "admin": ("decide_case", "lead_case"),
}
WORDS = {
    "decide_case": "Can claim and decide cases",
    "lead_case": "Can decide escalated cases and see how moderators agree",
}


def make_roles(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ContentType = apps.get_model("contenttypes", "ContentType")
    # Django makes permissions after all migrations; the ones that the groups need are made here.
    content_type, _ = ContentType.objects.get_or_create(app_label="moderation", model="moderationcase")
    for role, codenames in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        for codename in codenames:
            permission, _ = Permission.objects.get_or_create(
                content_type=content_type, codename=codename, defaults={"name": WORDS[codename]}
            )
            group.permissions.add(permission)


class Migration(migrations.Migration):

    dependencies = [
        ("moderation", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
