"""The answer to whoever started a detection, or asks for one: a job's state, where it stands, when to ask again."""

import math
from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from detection.api.idempotency import REFUSALS, replayed
from detection.api.schema import ProblemSerializer
from detection.api.serializers import DetectionSerializer
from detection.api.waiting import preferred_wait, wait_until_over
from detection.models import Detection
from detection.selectors import queue_position, typical_ms

LONGEST_PAUSE = 60
FIRST_PAUSE = 2

REFUSED = "The file was refused: its name is the `code`."
ACCEPTED: dict[int, Any] = {
    200: OpenApiResponse(DetectionSerializer, description="The result: it was there before, or within `Prefer: wait`."),
    202: OpenApiResponse(
        DetectionSerializer, description="Accepted. `Location` says where, `Retry-After` when to ask."
    ),
    410: REFUSALS[410],
    422: OpenApiResponse(ProblemSerializer, description="`key_reused`, or " + REFUSED),
    507: OpenApiResponse(ProblemSerializer, description="`disk_full`"),
}


def accepted_or_done(request: Request, detection: Detection, *, existing: bool = False) -> Response:
    """202 while it goes on, 200 once it is over; waits as long as the program prefers to."""
    headers = {"Location": reverse("api:detection", args=[detection.pk], request=request)} | replayed(existing)
    response = current(request, detection)
    if not detection.is_over:
        response.status_code = 202
    for name, value in headers.items():
        response[name] = value
    return response


def current(request: Request, detection: Detection) -> Response:
    """200 with the detection as it is after the preferred wait."""
    headers = {}
    if (wait := preferred_wait(request)) is not None:
        detection = wait_until_over(detection, wait)
        headers["Preference-Applied"] = f"wait={wait:.0f}"
    if not detection.is_over:
        headers["Retry-After"] = str(pause(detection))
    return Response(DetectionSerializer(detection, context={"request": request}).data, headers=headers)


def pause(detection: Detection) -> int:
    """Seconds after which asking again is worth it, from what the last runs took."""
    typical = typical_ms(detection.media.kind)
    if typical is None:
        return FIRST_PAUSE
    return min(max(math.ceil(typical * (queue_position(detection) or 1) / 1000), 1), LONGEST_PAUSE)
