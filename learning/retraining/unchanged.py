"""Is there anything to learn? "Nothing new" is the ordinary end of a scheduled run."""

from django.conf import settings

from learning.retraining.models import TrainingRun

State = TrainingRun.State
LEARNED = (State.CANDIDATE, State.REFUSED)


def nothing_new(run: TrainingRun) -> str:
    """The code of the reason to stop at once, or nothing.

    `too_few_labels` where the snapshot is smaller than the site wants. `data_unchanged` where an earlier run of this
    kind came to an end over the very same snapshot, from the same version, with the same seed.
    """
    if run.snapshot is None or run.snapshot.items.count() < settings.DEEPFAKE_RETRAIN_LEAST:
        return "too_few_labels"
    same = TrainingRun.objects.filter(snapshot=run.snapshot, parent=run.parent, kind=run.kind, seed=run.seed)
    return "data_unchanged" if same.filter(state__in=LEARNED).exclude(pk=run.pk).exists() else ""
