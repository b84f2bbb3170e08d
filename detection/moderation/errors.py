"""What cannot be done with a case, each with a code, a sentence that tells what to do, and an HTTP status."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """How one code is answered."""

    status: int
    sentence: str


REFUSALS: dict[str, Refusal] = {
    "not_held": Refusal(409, "You do not hold this case any more. Claim it again."),
    "held_by_another": Refusal(409, "Somebody else is working on this case. Take the next one."),
    "already_over": Refusal(409, "This case is decided. Take the next one."),
    "own_media": Refusal(403, "This is your own upload. Somebody else has to decide it."),
    "decided_before": Refusal(403, "You have decided about this file before. It needs somebody else's eyes."),
    "for_leads": Refusal(403, "This case waits for a lead."),
    "nothing_to_do": Refusal(404, "No case waits for you. Well done."),
    "undo_too_late": Refusal(409, "It is too late to undo this decision."),
    "answer_missing": Refusal(400, "Answer the owner: write in a sentence or two why the decision stands or falls."),
    "kind_missing": Refusal(400, "Say how it was faked: choose a kind."),
    "appeal_needs_answer": Refusal(409, "Answer the appeal, or release it: somebody else will."),
    "nothing_to_appeal": Refusal(409, "There is no decision to appeal against."),
    "already_appealed": Refusal(409, "There has been an appeal already; its answer is final."),
    "not_finished": Refusal(409, "There is no verdict yet. Wait until the detector is done."),
    "not_decided": Refusal(409, "Only a decided case can become a known one."),
}


class ModerationError(Exception):
    """A rule of moderation was about to be broken; `code` is a key of REFUSALS."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.status = REFUSALS[code].status
        self.sentence = REFUSALS[code].sentence
        super().__init__(code)
