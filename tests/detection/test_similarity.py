"""Pictures that look the same are found, others are not, and only what the viewer may see."""

import io
import random
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
import skimage.data
from django.contrib.auth.models import User
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageFilter
from scipy.fft import dctn

from detection import media_store, pipeline, previews, similarity
from detection.models import MediaFile, PhashBand
from ml_core.datatypes import Frame
from tests.detection.test_pipeline import tools
from tests.factories import make_detection, make_media

PICTURES = cast(Any, skimage.data)  # without type annotations
ASTRONAUT = Image.fromarray(PICTURES.astronaut())
HASHES = st.integers(0, 2**64 - 1)


def as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "recompressed": lambda image: as_jpeg(image, 30),
    "half size": lambda image: image.resize((256, 256)),
    "another shape": lambda image: image.resize((640, 360)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
    "grey": lambda image: image.convert("L"),
    "a caption": lambda image: captioned(image),
}


def captioned(image: Image.Image) -> Image.Image:
    copy = image.copy()
    copy.paste((255, 255, 255), (20, 470, 200, 500))
    return copy


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_done_to_a_picture_on_its_way_changes_little(name: str) -> None:
    changed = similarity.phash_of(CHANGES[name](ASTRONAUT))
    assert similarity.distance(similarity.phash_of(ASTRONAUT), changed) <= similarity.MAX_DISTANCE


def test_other_pictures_are_far_away() -> None:
    others = [PICTURES.camera(), PICTURES.coins(), PICTURES.brick(), PICTURES.moon(), PICTURES.text()]
    hashes = [similarity.phash_of(picture) for picture in (PICTURES.astronaut(), *others)]
    gaps = [similarity.distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(gaps) > similarity.MAX_DISTANCE


def test_it_is_the_published_hash() -> None:
    """Against SciPy's transform; its lowest frequencies differ from ours by a factor for each row and column."""
    picture = PICTURES.camera()
    small = np.asarray(Image.fromarray(picture).resize((32, 32), Image.Resampling.LANCZOS), np.float64)
    low = dctn(small)[:8, :8]
    bits = (low > np.median(low.ravel()[1:])).ravel()
    assert similarity.phash_of(picture) == f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def test_a_plain_surface_has_no_hash() -> None:
    assert similarity.phash_of(np.full((300, 400, 3), 128, np.uint8)) == ""


@given(value=HASHES, flips=st.sets(st.integers(0, 63), max_size=similarity.MAX_DISTANCE))
def test_the_index_misses_none_within_reach(value: int, flips: set[int]) -> None:
    other = value ^ sum(1 << bit for bit in flips)
    assert set(similarity.probes(f"{value:016x}")) & set(similarity.band_keys(f"{other:016x}"))


@given(value=HASHES)
def test_probes_are_few(value: int) -> None:
    assert len(set(similarity.probes(f"{value:016x}"))) == 4 * 137


def make_hashed(owner: User, value: int, **fields: Any) -> MediaFile:
    media = make_media(owner, **fields)
    similarity.remember(media.pk, f"{value:016x}")
    media.refresh_from_db()
    return media


@pytest.mark.django_db
class TestNear:
    def test_it_works(self, owner: User) -> None:
        rng = random.Random(1)
        value = rng.getrandbits(64)
        asked = make_hashed(owner, value)
        expected = {}
        for bits in (0, 3, 8, 9, 20):
            flipped = value ^ sum(1 << bit for bit in rng.sample(range(64), bits))
            expected[make_hashed(owner, flipped).pk] = bits
        found = [(media.pk, bits) for media, bits in similarity.near(asked)]
        assert found == [(pk, bits) for pk, bits in expected.items() if bits <= 8]

    def test_the_nearest_are_kept(self, owner: User) -> None:
        asked = make_hashed(owner, 0)
        for bits in (5, 1, 3):
            make_hashed(owner, (1 << bits) - 1)
        assert [bits for _, bits in similarity.near(asked, 2)] == [1, 3]

    def test_only_what_the_viewer_may_see(self, owner: User, stranger: User) -> None:
        asked, own = make_hashed(owner, 7), make_hashed(owner, 7)
        make_hashed(stranger, 7)
        assert [media for media, _ in similarity.near(asked, within=MediaFile.objects.filter(owner=owner))] == [own]
        assert len(similarity.near(asked)) == 2

    def test_without_a_hash_nothing_is_near(self, owner: User) -> None:
        make_media(owner)
        assert similarity.near(make_media(owner)) == []

    def test_deleted_media_leaves_nothing(self, owner: User) -> None:
        media = make_hashed(owner, 5)
        MediaFile.objects.filter(pk=media.pk).delete()
        assert not PhashBand.objects.exists()
        assert not similarity.remember(media.pk, "0" * 16)


@pytest.mark.django_db
class TestWhereItComesFrom:
    def shown(self, *pictures: Any) -> pipeline.Tools:
        """Tools that decode these pictures."""
        frames = [Frame(index, index / 2, picture) for index, picture in enumerate(pictures)]
        return pipeline.Tools(lambda *_, **__: frames, tools().predict)

    def test_a_verdict_brings_its_hash(self, owner: User) -> None:
        detection = make_detection(owner)
        pipeline.run_detection(detection.pk, self.shown(PICTURES.astronaut()))
        assert MediaFile.objects.get().phash == similarity.phash_of(ASTRONAUT)
        assert PhashBand.objects.count() == 4

    def test_a_video_has_that_of_its_middle(self, owner: User) -> None:
        detection = make_detection(owner, make_media(owner, kind="video", format="mp4", duration=1.5))
        pipeline.run_detection(detection.pk, self.shown(PICTURES.coins(), PICTURES.astronaut(), PICTURES.camera()))
        assert MediaFile.objects.get().phash == similarity.phash_of(ASTRONAUT)

    @pytest.mark.parametrize("kind", ["image", "video"])
    def test_older_media_gets_one_from_its_previews(self, owner: User, kind: Any) -> None:
        media = make_media(owner, kind=kind, duration=1.5 if kind == "video" else None)
        pictures = [PICTURES.astronaut()] if kind == "image" else [np.asarray(ASTRONAUT)] * 3
        previews.write(media.pk, kind, [Frame(index, None, picture) for index, picture in enumerate(pictures)])
        without = make_media(owner)
        media_store.discard(without.pk)
        stream = io.StringIO()
        call_command("backfill_phash", stdout=stream)
        media.refresh_from_db()
        assert similarity.distance(media.phash, similarity.phash_of(ASTRONAUT)) <= 2
        assert stream.getvalue() == "Hashes made: 1. Without a preview, or with nothing to recognise: 1.\n"
