"""What the registry refuses has a name, a sentence that says what to do, and an HTTP status."""

from ml_core.errors import CodedError, ErrorText

ERRORS: dict[str, ErrorText] = {
    "unknown_version": ErrorText("There is no version of this name. Look at the list of versions.", 404),
    "wrong_state": ErrorText("A version in this state cannot do that. Reload the page to see its state.", 409),
    "shadow_taken": ErrorText(
        "Another version is watched beside the champion. One at a time: stop watching that one first.", 409
    ),
    "already_champion": ErrorText("This version is the champion already. Nothing was changed.", 409),
    "champion_changed": ErrorText(
        "Somebody else changed the champion meanwhile. Nothing was changed by you: look at the new one first.", 409
    ),
    "not_judged": ErrorText(
        "This version has not passed the gate against the present champion. Evaluate it against this one first.", 409
    ),
    "no_champion": ErrorText("There is no champion. Run `manage.py register_models`.", 409),
    "nothing_to_roll_back": ErrorText("The champion replaced no other version that could come back.", 409),
    "pointer_not_moved": ErrorText(
        "The pointer to the champion could not be written, so nothing was changed. Make room or mend the permissions "
        "of the models' folder, then try again.",
        503,
    ),
    "bad_weights": ErrorText("The weights of this version cannot be used. Nothing was changed.", 422),
    "no_frozen_sets": ErrorText(
        "There is nothing to judge on. Register held-out data: `manage.py register_frozen_sets MANIFEST.csv`.", 409
    ),
    "evaluation_failed": ErrorText("The evaluation broke off. Ask for it again: it goes on where it stopped.", 500),
    "cannot_compare": ErrorText("The two versions' answers cannot be compared. Evaluate both again.", 500),
    "set_exists": ErrorText("A frozen set of this name is registered with other items. Choose another name.", 409),
    "empty_set": ErrorText("The manifest has no items of this split. Look at its column `split`.", 422),
    "name_taken": ErrorText("A version of this name is registered already, with other content.", 409),
}


class RegistryError(CodedError):
    """What the registry refuses. `code` is a key of `ERRORS`."""

    texts = ERRORS
