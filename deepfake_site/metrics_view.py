"""/metrics, for a Prometheus server with the token, and for the staff."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from deepfake_site.metrics import exposition


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers, to those who may have them."""
    if has_token(request) or (request.user.is_active and request.user.is_staff):
        return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
    if request.user.is_authenticated:
        return JsonResponse({"code": "forbidden", "detail": "The metrics are for the staff."}, status=403)
    answer = JsonResponse({"code": "not_authenticated", "detail": "Send the metrics token as a bearer."}, status=401)
    answer["WWW-Authenticate"] = "Bearer"
    return answer


def has_token(request: HttpRequest) -> bool:
    """Without a token in the settings, no token opens."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    wanted = settings.DEEPFAKE_METRICS_TOKEN
    return bool(wanted) and scheme.lower() == "bearer" and constant_time_compare(given.strip(), wanted)
