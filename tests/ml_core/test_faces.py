"""Faces: found, cut out inside the picture, followed over the frames."""

import numpy as np
import pytest
import skimage.data

from ml_core.datatypes import FaceDetection, Frame
from ml_core.faces import FaceDetector, crop, deciding_tracks, overlap, track, twice, whole

ASTRONAUT = np.asarray(skimage.data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]  # no annotations
FACE = (180, 60, 270, 178)  # measured by eye: chin to hairline


def test_both_engines_find_the_same_face() -> None:
    found = [FaceDetector(engine).detect([Frame(0, None, ASTRONAUT)]) for engine in ("openvino", "opencv")]
    assert [len(faces) for faces in found] == [1, 1]
    for faces in found:
        assert overlap(faces[0].box, FACE) > 0.7
        assert len(faces[0].landmarks) == 5
    assert overlap(found[0][0].box, found[1][0].box) > 0.98


def test_boxes_are_in_pixels_of_the_frame_whatever_its_size() -> None:
    twice = ASTRONAUT.repeat(3, axis=0).repeat(3, axis=1)
    faces = FaceDetector().detect([Frame(4, None, twice)])
    assert faces[0].frame == 4
    assert overlap(tuple(value / 3 for value in faces[0].box), FACE) > 0.7  # type: ignore[arg-type]  # four values


def test_no_face_in_a_picture_without_one() -> None:
    assert FaceDetector().detect([Frame(0, None, np.full((300, 400, 3), 127, np.uint8))]) == []


def test_a_crop_is_a_square_with_margin_inside_the_picture() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[40:60, 90:110] = 255
    cut = crop(image, (90, 40, 110, 60), margin=1.0, size=40)
    assert cut.shape == (40, 40, 3)
    assert cut[20, 20].tolist() == [255, 255, 255]
    assert cut[2, 2].tolist() == [0, 0, 0]
    assert (cut.astype(int).sum() / (255 * 3)) == pytest.approx(20 * 20, rel=0.1)  # the face is a quarter of the crop


def test_at_the_edge_the_crop_moves_inside() -> None:
    image = np.tile(np.arange(200, dtype=np.uint8)[None, :, None], (100, 1, 3))
    cut = crop(image, (-10, 10, 30, 50), size=52)
    assert cut[:, 0].max() == 0
    assert cut[:, -1].min() == pytest.approx(51, abs=1)
    larger_than_the_picture = crop(image, (0, -50, 200, 150), size=10)
    assert larger_than_the_picture.shape == (10, 10, 3)


def test_the_second_look_is_the_middle_of_the_first() -> None:
    crops = np.zeros((2, 100, 100, 3), np.uint8)
    crops[0, 6:94, 6:94], crops[1] = 200, 50
    first, closer, other, _ = twice(crops)
    assert np.array_equal(first, crops[0])
    assert (closer == 200).all()
    assert np.array_equal(other, crops[1])


def test_whole_keeps_everything() -> None:
    assert whole(np.full((50, 80, 3), 7, np.uint8), 20).tolist() == np.full((20, 20, 3), 7).tolist()


def make_face(frame: int, left: float, width: float = 40) -> FaceDetection:
    return FaceDetection(frame, (left, 10, left + width, 10 + width), 0.9)


def test_two_people_keep_their_numbers_and_a_newcomer_gets_a_new_one() -> None:
    faces = [make_face(0, 0), make_face(0, 100), make_face(1, 105), make_face(1, 4), make_face(2, 300)]
    assert [face.track for face in track(faces)] == [0, 1, 1, 0, 2]


def test_a_person_may_be_gone_for_a_frame() -> None:
    assert [face.track for face in track([make_face(0, 0), make_face(3, 3)])] == [0, 0]


def test_two_faces_of_one_frame_are_two_people() -> None:
    assert [face.track for face in track([make_face(0, 0), make_face(0, 2)])] == [0, 1]


def test_faces_less_than_half_as_wide_as_the_largest_do_not_decide() -> None:
    faces = track([make_face(0, 0, 100), make_face(0, 200, 51), make_face(0, 400, 49)])
    assert deciding_tracks(faces) == {0, 1}
    assert deciding_tracks([]) == set()
