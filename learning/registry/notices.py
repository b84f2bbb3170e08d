"""Mail to those who may promote: a candidate is ready, or was refused."""

from django.contrib.auth.models import User
from django.core.mail import send_mail

from learning.registry.models import Evaluation


def announce(evaluation_id: int) -> int:
    """How many people were written to."""
    row = Evaluation.objects.select_related("version", "champion").filter(pk=evaluation_id).first()
    people = administrators() if row else []
    if row is None or not people:
        return 0
    outcome = "is ready" if row.passed else "was refused"
    for address in people:
        send_mail(f"Model version {row.version} {outcome}", body(row), None, [address])
    return len(people)


def administrators() -> list[str]:
    """The addresses of those who may promote."""
    everybody = User.objects.filter(is_active=True).exclude(email="").order_by("pk")
    return [person.email for person in everybody if person.has_perm("registry.promote_modelversion")]


def body(row: Evaluation) -> str:
    """Plain words; the table is on the page of the version."""
    if row.passed:
        return (
            f"Version {row.version} passed the gate against the champion {row.champion}.\n"
            "Nothing changes until somebody promotes it: the page of the version shows the table of slices.\n"
        )
    reasons = "\n".join(f"- {reason['text']}" for reason in row.report.get("reasons", []))
    return f"Version {row.version} did not pass the gate against the champion {row.champion}:\n{reasons}\n"
