"""What the learning loop refuses or ends with has a name, a sentence that says what to do, and an HTTP status."""

from ml_core.errors import ErrorText

ERRORS: dict[str, ErrorText] = {
    "already_running": ErrorText("A training is under way. Wait for its end, or cancel it first.", 409),
    "is_over": ErrorText("This training is over. Nothing was changed.", 409),
    "no_champion": ErrorText("There is no model version to start from. Run `manage.py register_models`.", 409),
    "bad_cron": ErrorText("This is not a cron expression. Example: `0 3 * * *` is every night at three.", 400),
    "data_unchanged": ErrorText("Since the last training from this version nothing new was confirmed.", 200),
    "too_few_labels": ErrorText("There are too few confirmed items to learn from. Wait for more feedback.", 200),
    "nothing_to_learn": ErrorText("None of the confirmed items could be read, or none shows a face.", 422),
    "no_improvement": ErrorText(
        "On the items that it did not train on, no step was better than the version in force. Nothing was kept.", 200
    ),
    "not_finite": ErrorText("The loss was no longer a number. Nothing was kept: lower the learning rate.", 500),
    "died": ErrorText("The training process ended without a result. The log of the worker says more.", 500),
    "gave_up": ErrorText("The worker was stopped too often in this training. Start it again.", 500),
    "evaluation_failed": ErrorText("The candidate could not be scored on the frozen sets. It stays a candidate.", 500),
    "cannot_compare": ErrorText("The answers on the frozen sets cannot be compared. Judge the candidate again.", 500),
    "no_frozen_sets": ErrorText("There are no frozen sets to judge it on. Register some, then judge it.", 200),
}


class RetrainingError(Exception):
    """A refusal. `code` is a key of `ERRORS`; `detail` says what exactly."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail

    @property
    def sentence(self) -> str:
        """What the person is told."""
        return sentence(self.code)

    @property
    def status(self) -> int:
        """The HTTP status of the refusal."""
        return ERRORS[self.code].status if self.code in ERRORS else 500


class AlreadyRunning(RetrainingError):
    """One run at a time: the database holds it."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("already_running", detail)


def sentence(code: str) -> str:
    """What a code means to people; weights' own codes speak for themselves."""
    return ERRORS[code].sentence if code in ERRORS else f"The weights could not be used ({code})."
