"""What the audit chain costs: transactions with one event each, by parallel writers, with and without the chain.

TEST_DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python -m benchmarks.audit_throughput
"""

import argparse
import threading
import time

from django.contrib.auth import get_user_model
from django.db import connection

from benchmarks.scratch import scratch_database
from detection import audit
from detection.audit_chain import verify


def write(seconds: float, counts: list[int]) -> None:
    """One event per transaction, as often as it goes."""
    user, count = get_user_model().objects.get(username="writer"), 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        audit.record(user, "measured", user, number=count)
        count += 1
    counts.append(count)
    connection.close()


def rate(threads: int, seconds: float) -> float:
    """Events a second by so many writers."""
    counts: list[int] = []
    workers = [threading.Thread(target=write, args=(seconds, counts)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / seconds


def chained(on: bool) -> None:
    """The trigger on or off: PostgreSQL only."""
    with connection.cursor() as cursor:
        word = "ENABLE" if on else "DISABLE"
        cursor.execute(f"ALTER TABLE detection_auditevent {word} TRIGGER detection_audit_chain")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 4, 8])
    options = parser.parse_args()
    with scratch_database():
        get_user_model().objects.create_user("writer")
        for threads in options.writers:
            print(f"{threads} writers: {rate(threads, options.seconds):.0f} events/s")
        start = time.monotonic()
        broken = list(verify())
        print(f"verify: {len(broken)} breaks in {time.monotonic() - start:.2f} s")
        if connection.vendor == "postgresql":
            chained(on=False)
            for threads in options.writers:
                print(f"{threads} writers without the chain: {rate(threads, options.seconds):.0f} events/s")


if __name__ == "__main__":
    main()
