"""How long to wait after a failure, and when to stop.

The waits grow fourfold from 15 seconds to six hours: eight attempts spread over about twelve hours, ten failures in a
row over about a day. Jitter keeps the retries of one outage from arriving together when it ends.
"""

import random
from datetime import timedelta

MAX_ATTEMPTS = 8
PING_ATTEMPTS = 1  # somebody is looking at the page
DISABLE_AFTER = 10  # failures in a row, over all events of the endpoint
FIRST_SECONDS, FACTOR, LONGEST_SECONDS = 15.0, 4, 6 * 3600.0
JITTER = 0.25  # of the wait, in both directions

_random = random.SystemRandom()


def wait_after(failures: int) -> timedelta:
    """The wait after the n-th failure in a row, n from 1."""
    seconds = min(FIRST_SECONDS * FACTOR ** (min(failures, 20) - 1), LONGEST_SECONDS)
    return timedelta(seconds=seconds * _random.uniform(1 - JITTER, 1 + JITTER))
