"""When claims become a label."""

from typing import Any

import pytest

from learning.feedback.rules import Evidence, Judgement, Policy, Ruling, Voice, rule

TEN = frozenset({10})


def voice(person: int, label: str = "fake", **fields: Any) -> Voice:
    return Voice(**{"person": person, "label": label, "trusted": True, "mean": 0.8, **fields})


def ruled(*voices: Voice, **fields: Any) -> Ruling | None:
    return rule(Evidence(voices=voices, **fields))


def test_two_trusted_reporters_make_a_label() -> None:
    found = ruled(voice(1, mean=0.8), voice(2, mean=0.9))
    assert found is not None
    assert (found.label, found.source, found.reporters) == ("fake", "agreement", frozenset({1, 2}))
    assert found.weight == pytest.approx(0.85)


@pytest.mark.parametrize(
    "voices",
    [
        [],
        [voice(1)],
        [voice(1), voice(1)],  # the same person about two detections of the same bytes
        [voice(1), voice(2, trusted=False)],
        [voice(n, trusted=False) for n in range(50)],
        [voice(1), voice(2), voice(3, "real")],
        [voice(1, here=False), voice(2, here=False)],
        [voice(1), voice(2), voice(3, "real", here=False)],
    ],
)
def test_anything_less_makes_none(voices: list[Voice]) -> None:
    assert ruled(*voices) is None


def test_nobody_trusted_against_is_not_nobody_against() -> None:
    assert ruled(voice(1), voice(2), voice(3, "real", trusted=False)) is not None


def test_a_near_duplicate_may_support() -> None:
    assert ruled(voice(1), voice(2, here=False)) is not None


def test_a_moderators_word_about_a_near_duplicate_can_only_stop_it() -> None:
    assert ruled(voice(1), voice(2), judged_nearby=frozenset({"real"})) is None
    assert ruled(judged_nearby=frozenset({"fake"})) is None


def test_a_moderator_is_enough() -> None:
    found = ruled(judgement=Judgement("fake", "face_swap", TEN))
    assert found == Ruling("fake", "moderator", "face_swap", TEN)


def test_a_moderator_stands_above_reporters() -> None:
    found = ruled(voice(1), voice(2), judgement=Judgement("real", moderators=TEN))
    assert found is not None
    assert found.label == "real"


def test_a_moderator_who_cannot_tell_closes_it() -> None:
    found = ruled(voice(1), voice(2), judgement=Judgement("unknown", moderators=TEN))
    assert found is not None
    assert found.label == "unknown"


def test_against_a_sure_model_it_takes_two_people() -> None:
    alone = Judgement("real", moderators=TEN)
    sure = (0.2, 0.91)
    assert ruled(judgement=alone, p_fakes=sure) is None
    assert ruled(judgement=alone, p_fakes=(0.2, 0.89)) is not None
    assert ruled(judgement=Judgement("fake", moderators=TEN), p_fakes=sure) is not None
    assert ruled(judgement=Judgement("real", moderators=frozenset({10, 11})), p_fakes=sure) is not None
    assert ruled(voice(1, "real"), judgement=alone, p_fakes=sure) is not None
    assert ruled(voice(10, "real"), judgement=alone, p_fakes=sure) is None  # the same person twice
    assert ruled(voice(1, "real", trusted=False), judgement=alone, p_fakes=sure) is None
    assert ruled(voice(1, "fake"), judgement=alone, p_fakes=sure) is None


def test_even_where_one_reporter_would_do_a_sure_model_wants_two() -> None:
    lenient = Policy(reporters=1)
    assert rule(Evidence(voices=(voice(1, "real"),), p_fakes=(0.95,)), lenient) is None
    assert rule(Evidence(voices=(voice(1, "real"),), p_fakes=(0.5,)), lenient) is not None


def test_known_labels_need_nobody() -> None:
    found = ruled(judgement=Judgement("real", gold=True), p_fakes=(0.99,))
    assert found is not None
    assert found.source == "gold"
