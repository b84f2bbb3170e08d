"""`manage.py retrain`: starts a training from feedback; a worker of the training cluster does it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from learning.retraining import bridge, services
from learning.retraining.errors import RetrainingError, sentence
from learning.retraining.models import TrainingRun


class Command(BaseCommand):
    help = "Start a training from feedback. With --now it runs in this process instead of in a worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kind", choices=TrainingRun.Kind.values, default=TrainingRun.Kind.SMALL)
        parser.add_argument("--seed", type=int, default=1, help="another seed draws other batches")
        parser.add_argument("--now", action="store_true", help="do it here and wait for the end")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = services.start_run(None, TrainingRun.Trigger.COMMAND, options["kind"], options["seed"])
        except RetrainingError as error:
            raise CommandError(f"{error.code}: {error.sentence}") from error
        if options["now"]:
            bridge.run_training(run.pk)
            run.refresh_from_db()
        candidate = f" {run.candidate.name}" if run.candidate else ""
        why = f" ({sentence(run.code)})" if run.code else ""
        self.stdout.write(f"Run {run.pk}: {run.get_state_display()}{candidate}{why}")
        if run.state == TrainingRun.State.FAILED:
            raise CommandError(run.detail or run.code)
