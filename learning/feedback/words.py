"""The fixed vocabulary of labels."""

from django.db import models


class Label(models.TextChoices):
    """What a face in a medium is. `unknown`: somebody whose word decides looked, and could not tell."""

    REAL = "real", "real"
    FAKE = "fake", "fake"
    UNKNOWN = "unknown", "cannot be told"


class Kind(models.TextChoices):
    """What somebody takes it to be; everything but `authentic` is a kind of fake."""

    AUTHENTIC = "authentic", "authentic: nothing was changed"
    FACE_SWAP = "face_swap", "face swap: somebody else's face"
    REENACTMENT = "reenactment", "reenactment: the face was made to move or speak"
    SYNTHESIS = "synthesis", "synthesis: made entirely by a generator"
    EDIT = "edit", "edit: retouched or altered by hand"
    OTHER = "other", "something else that is fake"


class Source(models.TextChoices):
    """By whose word a label stands."""

    MODERATOR = "moderator", "a moderator's decision"
    AGREEMENT = "agreement", "agreement of trusted reporters"
    GOLD = "gold", "known beforehand"
