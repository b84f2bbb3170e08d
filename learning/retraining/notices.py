"""Mail to the administrators: a candidate is ready, or was refused, or a run failed. Sent by the light cluster."""

from django.contrib.auth.models import User
from django.core.mail import send_mail
from django_q.tasks import async_task

from detection import queue
from learning.retraining.errors import sentence
from learning.retraining.models import TrainingRun

State = TrainingRun.State
WORTH_A_MAIL = (State.CANDIDATE, State.REFUSED, State.FAILED)


def enqueue(run_id: int) -> None:
    """In the queue of small things: a mail server that hangs holds no training."""
    async_task("learning.retraining.tasks.announce", run_id, cluster=queue.queue_name("light"))


def announce(run_id: int) -> int:
    """Sends the mail; how many people got it. Nobody is told of runs without news."""
    run = TrainingRun.objects.select_related("candidate", "parent").filter(pk=run_id, state__in=WORTH_A_MAIL).first()
    people = administrators() if run else []
    if run is None or not people:
        return 0
    subject = f"Training {run.pk}: {run.get_state_display()}"
    for address in people:
        send_mail(subject, body(run), None, [address])
    return len(people)


def administrators() -> list[str]:
    """The addresses of those who may promote what came out."""
    everybody = User.objects.filter(is_active=True).exclude(email="").order_by("pk")
    return [person.email for person in everybody if person.has_perm("registry.promote_modelversion")]


def body(run: TrainingRun) -> str:
    """Plain words; the numbers are on the pages."""
    lines = [f"Training {run.pk} from version {run.parent} ended: {run.get_state_display()}."]
    if run.candidate:
        lines.append(f"Its candidate is {run.candidate.name}.")
    if run.code:
        lines.append(sentence(run.code))
    if run.state == State.CANDIDATE:
        lines.append("It passed the gate. Nothing changes until somebody promotes it: see the page Model versions.")
    return "\n".join([*lines, run.detail]).strip() + "\n"
