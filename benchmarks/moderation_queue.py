"""The moderation queue with many cases: time in the database for each page, and the plans of its queries.

TEST_DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python -m benchmarks.moderation_queue --cases 100000
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from benchmarks.scratch import analyze, scratch_database
from detection.models import Detection, MediaFile
from detection.moderation import access, claims, queue
from detection.moderation.models import Decision, ModerationCase
from detection.moderation.priority import Factors
from detection.permissions import give_role

BATCH = 2000
REASONS = ("inconclusive", "members", "stakes", "disputed", "audit", "inconclusive,members", "disputed,members")
STATES = ("open",) * 8 + ("second", "escalated")
PAGES = ("", "?reason=members", "?kind=video", "?age=1d", "?mine=on", "?reason=stakes&kind=video&age=3d")


def fill(cases: int, waiting: float, rng: random.Random) -> None:
    """Media, detections and cases of many people; a share of the cases waits, the others were decided."""
    people = [get_user_model().objects.create_user(f"person-{number}") for number in range(200)]
    judge = get_user_model().objects.create_user("judge")
    for start in range(0, cases, BATCH):
        count = min(BATCH, cases - start)
        media = [make_media(rng.choice(people), rng) for _ in range(count)]
        MediaFile.objects.bulk_create(media)
        detections = [make_detection(one, rng) for one in media]
        Detection.objects.bulk_create(detections)
        made = [make_case(one, rng.random() < waiting, rng) for one in detections]
        ModerationCase.objects.bulk_create(made)
        Decision.objects.bulk_create([make_decision(one, judge) for one in made if one.state == "decided"])
    analyze()


def make_media(owner: Any, rng: random.Random) -> MediaFile:
    kind = rng.choice(("image", "image", "video"))
    facts = {"format": "jpeg", "width": 640, "height": 480, "size": 1}
    return MediaFile(owner=owner, name="portrait.jpg", kind=kind, sha256=f"{rng.getrandbits(256):064x}", **facts)


def make_detection(media: MediaFile, rng: random.Random) -> Detection:
    """Finished, with evidence of about the size of a real one."""
    p_fake = rng.random()
    box = [rng.random() for _ in range(4)]
    face = {"box": box, "score": 0.9, "p_fake": p_fake, "time": 0.0, "frame": 0, "track": 0, "decides": True}
    values = {
        "label": "FAKE" if p_fake > 0.7 else "INCONCLUSIVE",
        "band": "fake",
        "p_fake": p_fake,
        "confidence": p_fake,
    }
    return Detection(
        owner=media.owner, media=media, state="done", result={"faces": [face] * 16, "members": {}}, **values
    )


def make_case(detection: Detection, waits: bool, rng: random.Random) -> ModerationCase:
    factors = Factors(rng.random(), rng.random(), rng.choice((None, None, 0.5, 0.8)))
    opened = timezone.now() - timedelta(days=10 * rng.random() if waits else 300 * rng.random())
    case = ModerationCase(detection=detection, media_kind=detection.media.kind, reasons=rng.choice(REASONS))
    case.state = rng.choice(STATES) if waits else "decided"
    case.uncertainty, case.disagreement, case.trust = factors.uncertainty, factors.disagreement, factors.trust
    case.opened_at, case.rank = opened, factors.rank(opened)
    if not waits:
        case.verdict, case.decided_at, case.settled_at = "fake", opened + timedelta(hours=5), opened
    return case


def make_decision(case: ModerationCase, judge: Any) -> Decision:
    facts = {"round": "first", "verdict": "fake", "kind": "edit", "ground": "seen", "confidence": "sure"}
    moments = {"claimed_at": case.opened_at, "decided_at": case.decided_at}
    return Decision(case=case, detection_id=case.detection_id, moderator=judge, **facts, **moments)


class Stopwatch:
    """Adds up what the queries take, as the client sees it."""

    def __init__(self) -> None:
        self.ms, self.queries = 0.0, 0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        start = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            self.ms += 1000 * (time.perf_counter() - start)
            self.queries += 1


def measured(name: str, work: Callable[[], object], repeat: int) -> None:
    """Median and slowest of the repetitions, after one that warms the caches."""
    work()
    times, queries = [], 0
    for _ in range(repeat):
        watch = Stopwatch()
        with connection.execute_wrapper(watch):
            work()
        times.append(watch.ms)
        queries = watch.queries
    print(f"{name:48} {queries:3} queries  median {statistics.median(times):6.1f} ms  slowest {max(times):6.1f} ms")


def claim_and_release(user: Any) -> None:
    claims.release(claims.take_next(user).pk, user)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--waiting", type=float, default=0.2, help="the share of them that waits")
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--explain", action="store_true", help="print the plans, too")
    options = parser.parse_args()
    with scratch_database():
        call_command("create_roles", verbosity=0)
        fill(options.cases, options.waiting, random.Random(1))
        moderator = get_user_model().objects.create_user("moderator")
        give_role(moderator, "moderator")
        client = Client(headers={"host": "localhost"})
        client.force_login(moderator)
        print(f"{options.cases} cases, {queue.overview().total} of them waiting, on {connection.vendor}")
        for query in PAGES:
            address = f"/moderation/{query}"
            measured(f"GET {address}", partial(client.get, address), options.repeat)
        measured("take next, then release", lambda: claim_and_release(moderator), options.repeat)
        first = access.workable(moderator)[0].pk
        measured("GET a case", lambda: client.get(f"/moderation/cases/{first}/"), options.repeat)
        if options.explain:
            print("\nThe numbers above them:\n" + queue.waiting_counts().explain(analyze=True))
            print("\nThe first fifty:\n" + queue.waiting_for(moderator, {})[: queue.SHOWN].explain(analyze=True))
            narrowed = queue.waiting_for(moderator, {"reason": "members"})[: queue.SHOWN]
            print("\nThe first fifty with one reason:\n" + narrowed.explain(analyze=True))
            print("\nThe next case:\n" + access.workable(moderator)[:1].explain(analyze=True))


if __name__ == "__main__":
    main()
