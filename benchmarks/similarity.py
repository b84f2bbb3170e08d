"""How long `similarity.near` takes among many media, on a database of its own that is removed again.

TEST_DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python -m benchmarks.similarity --rows 100000
"""

import argparse
import random
import statistics
import time

from django.contrib.auth import get_user_model
from django.db import connection

from benchmarks.scratch import analyze, scratch_database
from detection import similarity
from detection.models import MediaFile, PhashBand

BATCH = 5000


def fill(rows: int, rng: random.Random) -> None:
    """Media with random hashes, every tenth one a near copy of the one before it."""
    owner, value = get_user_model().objects.create_user("owner"), 0
    facts = {"kind": "image", "format": "jpeg", "width": 640, "height": 480, "size": 1, "sha256": "0" * 64}
    for start in range(0, rows, BATCH):
        batch = []
        for number in range(start, min(start + BATCH, rows)):
            copied = number % 10 == 9
            value = value ^ sum(1 << bit for bit in rng.sample(range(64), 6)) if copied else rng.getrandbits(64)
            batch.append(MediaFile(owner=owner, name=f"{number}", phash=f"{value:016x}", **facts))
        MediaFile.objects.bulk_create(batch)
        bands = [PhashBand(media=media, key=key) for media in batch for key in similarity.band_keys(media.phash)]
        PhashBand.objects.bulk_create(bands)
    analyze()


def measure(asked: list[MediaFile]) -> tuple[list[float], list[int]]:
    """Milliseconds and results of each search."""
    times, counts = [], []
    for media in asked:
        start = time.perf_counter()
        counts.append(len(similarity.near(media)))
        times.append(1000 * (time.perf_counter() - start))
    return times, counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=50)
    options = parser.parse_args()
    rng = random.Random(1)
    with scratch_database():
        fill(options.rows, rng)
        chosen = rng.sample(range(0, options.rows, 10), options.searches)
        media = list(MediaFile.objects.filter(name__in=[str(number + 9) for number in chosen]))
        measure(media[:3])
        times, counts = measure(media)
        print(f"{options.rows} media on {connection.vendor}, {len(times)} searches:")
        print(f"median {statistics.median(times):.1f} ms, slowest {max(times):.1f} ms")
        print(f"the near copy was found in {sum(count > 0 for count in counts)}")


if __name__ == "__main__":
    main()
