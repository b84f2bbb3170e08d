"""What became of an answer: given, decided, trained on, and what versions of the detector say about the file now."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.utils import timezone

from detection.models import Detection
from detection.templatetags.display import percent
from learning.feedback.caps import REASONS
from learning.feedback.claims import SAID
from learning.feedback.models import Feedback, LabelDecision
from learning.feedback.selectors import why_not
from learning.feedback.words import Label, Source
from learning.registry.models import ModelVersion
from learning.retraining.models import RunItem, TrainingRun
from learning.retraining.preview import base_items
from learning.retraining.selectors import stories

CHANGES = {
    (False, True): "right now",
    (True, False): "wrong now, and right before",
    (True, True): "right before and after",
    (False, False): "still wrong",
}
BY = {
    Source.MODERATOR: "A moderator decided",
    Source.AGREEMENT: "Several trusted reporters agree",
    Source.GOLD: "A moderator decided",  # which cases are known ones is nobody's business
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `tone` is real (good news), fake (bad news), doubt or neutral."""

    title: str
    text: str = ""
    at: datetime | None = None
    tone: str = "neutral"


@dataclass(frozen=True, slots=True)
class Story:
    """Where the answer stands, in one sentence, and how it came there."""

    sentence: str
    steps: tuple[Step, ...]


def story_of(feedback: Feedback) -> Story:
    """The whole story."""
    steps = [_given(feedback)]
    if feedback.decision and feedback.is_decided:
        steps.append(_decided(feedback, feedback.decision))
        if feedback.decision.label in (Label.REAL, Label.FAKE) and feedback.decision.source != Source.GOLD:
            steps += _training(feedback.decision)
            steps += _said_since(feedback, feedback.decision)
    return Story(sentence_of(feedback), tuple(steps))


def sentence_of(feedback: Feedback) -> str:
    """Where it stands."""
    decision = feedback.decision
    if feedback.state == Feedback.State.WITHDRAWN:
        return "You withdrew this answer."
    if feedback.state == Feedback.State.ACCEPTED and decision:
        return f"Accepted: it was decided that this is {decision.get_label_display()}, as you said."
    if feedback.state == Feedback.State.REJECTED and decision:
        if decision.label == Label.UNKNOWN:
            return "Not accepted: a moderator looked at it and could not tell, so nothing is learned from it."
        return f"Not accepted: it was decided that this is {decision.get_label_display()}."
    if not feedback.claim:
        return "Noted. You made no claim, so there is nothing in it to accept or to reject."
    return "Not decided yet: it waits for a moderator, or for more people whose answers can be trusted."


def _given(feedback: Feedback) -> Step:
    said = f"You said: {feedback.get_answer_display()}"
    claim = f", so it would be {feedback.get_claim_display()}" if feedback.claim else ""
    kind = f" ({feedback.get_kind_display()})" if feedback.kind else ""
    return Step("Your answer", f"{said}{claim}{kind}.", feedback.changed_at)


def _decided(feedback: Feedback, decision: LabelDecision) -> Step:
    accepted = feedback.state == Feedback.State.ACCEPTED
    text = f"{BY[Source(decision.source)]}: {decision.get_label_display()}."
    return Step("Accepted" if accepted else "Not accepted", text, decision.decided_at, "real" if accepted else "doubt")


def _training(decision: LabelDecision) -> list[Step]:
    """The runs in which it took part; before the first one, whether it may, and if not, why."""
    runs = stories([decision.subject_id]).get(decision.subject_id, [])
    return [_run_step(item) for item in runs] or _readiness(decision)


def _readiness(decision: LabelDecision) -> list[Step]:
    reason = why_not(timezone.now(), base_items()).get(decision.subject_id)
    if reason == "consent":
        return [Step("Not used for training", "Its owner did not agree, or the file is not stored any more.")]
    if reason:
        return [Step("Not used for training at present", f"{REASONS[reason].capitalize()}.")]
    return [Step("Ready for training", "The next training may learn from it.", tone="real")]


def _run_step(item: RunItem) -> Step:
    """What a run made of it, for better or worse."""
    run, title = item.run, f"Took part in training {item.run_id}, {item.item.get_share_display()}"
    if item.before is None or item.after is None:
        return Step(title, "The file could not be read then.", run.finished_at)
    was_right, is_right = ((p >= 0.5) == item.item.fake for p in (item.before, item.after))
    change = CHANGES[was_right, is_right]
    numbers = f"P(fake) {percent(item.before)} before, {percent(item.after)} after: {change}."
    return Step(title, f"{numbers} {_fate(run)}", run.finished_at, "real" if is_right else "fake")


def _fate(run: TrainingRun) -> str:
    """What became of the version that the run made."""
    version = run.candidate
    if version is None or version.state == ModelVersion.State.REFUSED:
        return "What it made was refused: it was not better on files that no training sees."
    if version.promoted_at:
        return f"It became version {version.name}, which went into use."
    return f"It made version {version.name}, which is not in use."


def _said_since(feedback: Feedback, decision: LabelDecision) -> list[Step]:
    """What other versions said about the person's own copies of the same file, the oldest first."""
    rows = Detection.objects.filter(
        owner_id=feedback.person_id,
        media__sha256=decision.subject_id,
        state=Detection.State.DONE,
        finished_at__gt=feedback.created_at,
    ).exclude(model_version__in=("", feedback.detection.model_version))
    told: dict[str, Detection] = {}
    for row in rows.order_by("finished_at", "pk").defer("result"):
        told.setdefault(row.model_version, row)
    answers = [feedback.detection, *told.values()]
    return [_version_step(before, now, decision) for before, now in pairwise(answers)]


def _version_step(before: Detection, now: Detection, decision: LabelDecision) -> Step:
    was_right, is_right = (SAID.get(row.label) == decision.label for row in (before, now))
    title = {
        (False, True): "Fixed in version",
        (True, False): "Got worse in version",
        (True, True): "Still right in version",
        (False, False): "Not fixed yet in version",
    }[was_right, is_right]
    text = f"It says {now.label.replace('_', ' ')}; before, version {before.model_version} said {before.label}."
    return Step(f"{title} {now.model_version}", text, now.finished_at, "real" if is_right else "fake")
