"""Who may do what: four groups. A person may always do everything with what is their own; this is about the rest.

Rights on django-q2's models are in no group: its rows hold unsigned pickles and names of functions to call, so that
only superusers may add or change them.
"""

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction

USER, MODERATOR, LEAD, ADMIN = "user", "moderator", "lead", "admin"

_OWN = ("detection.add_mediafile", "detection.add_detection")
_MODERATION = (
    *_OWN,
    "detection.view_mediafile",
    "detection.view_detection",
    "moderation.decide_case",
    "registry.view_modelversion",
    "retraining.view_trainingrun",
)
_LEADING = (
    *_MODERATION,
    "detection.view_auditevent",
    "moderation.lead_case",
    "moderation.view_moderationcase",
    "moderation.view_decision",
    "moderation.view_appeal",
    "moderation.view_report",
    "moderation.view_knownitem",
    "moderation.view_decisiontemplate",
    "moderation.add_decisiontemplate",
    "moderation.change_decisiontemplate",
    "moderation.delete_decisiontemplate",
)
_ADMINISTRATION = (
    *_LEADING,
    "detection.change_detection",
    "detection.delete_detection",
    "detection.delete_mediafile",
    "feedback.view_feedback",
    "feedback.view_labeldecision",
    "feedback.view_reportertrust",
    "feedback.set_aside_reporter",
    "registry.view_evaluation",
    "registry.view_frozenset",
    "registry.view_shadowscore",
    "registry.promote_modelversion",
    "retraining.start_run",
    "retraining.view_snapshot",
    "retraining.view_retrainingschedule",
    "retraining.change_retrainingschedule",
    "registry.import_modelversion",
    "auth.view_user",
    "auth.add_user",
    "auth.change_user",
    "auth.view_group",
    "django_q.view_success",
    "django_q.view_failure",
    "django_q.view_schedule",
    "django_q.view_ormq",
    "api.view_apitoken",
    "api.change_apitoken",
    "api.view_userquota",
    "api.add_userquota",
    "api.change_userquota",
    "api.delete_userquota",
)
ROLES: dict[str, tuple[str, ...]] = {
    USER: _OWN,
    MODERATOR: _MODERATION,
    LEAD: _LEADING,
    ADMIN: _ADMINISTRATION,
}


@transaction.atomic
def create_roles() -> None:
    """Make the groups and give them exactly their permissions."""
    known = {f"{p.content_type.app_label}.{p.codename}": p for p in Permission.objects.select_related("content_type")}
    for role, names in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set(known[name] for name in names if name in known)


def give_role(user: User, role: str) -> None:
    """Put the account into the group of its role, beside `user`, to which everybody belongs."""
    for name in {USER, role}:
        user.groups.add(Group.objects.get_or_create(name=name)[0])
