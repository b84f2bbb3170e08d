"""Every refusal has a code, a sentence that says what to do, and an HTTP status."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a code means."""

    sentence: str
    status: int


REFUSALS: dict[str, Refusal] = {
    "not_done": Refusal("There is no verdict yet. Wait until the detection is done, then say what you think.", 409),
    "already_decided": Refusal(
        "This was decided with the help of your answer, so the answer can no longer be changed or withdrawn. "
        "If you think that the decision is wrong, appeal against it.",
        409,
    ),
    "withdrawn": Refusal("You withdrew this answer. Give a new one instead of changing the old one.", 409),
    "label_missing": Refusal("The verdict says neither real nor fake. Say which of the two you think it is.", 400),
    "contradiction": Refusal(
        "Your answers contradict each other: one of them says real, another one says fake. Change one of them.", 400
    ),
    "daily_limit": Refusal("You have given as many answers as one day allows. Go on tomorrow.", 429),
    "unknown_reporter": Refusal("There is no such person.", 404),
}


class FeedbackError(Exception):
    """An answer that cannot be taken. `code` is a key of `REFUSALS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def sentence(self) -> str:
        """What the person is told."""
        return REFUSALS[self.code].sentence

    @property
    def status(self) -> int:
        """The HTTP status of the refusal."""
        return REFUSALS[self.code].status
