"""Is this process alive, and can it do its work? For supervisors and load balancers; open to everybody."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ml_core.errors import WeightsError
from ml_core.versions import champion, read_manifest


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """The process answers: nothing else is looked at, so that a slow database does not get it restarted."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Requests can be served: the database answers and a model version is chosen."""
    checks = {"database": database_answers(), "champion": champion_present()}
    passed = all(checks.values())
    return JsonResponse({"status": "ok" if passed else "unavailable", "checks": checks}, status=200 if passed else 503)


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def champion_present() -> bool:
    """The chosen version's manifest is there; the weights' checksums are the workers' business."""
    root = settings.DEEPFAKE_MODELS
    try:
        read_manifest(root, champion(root))
    except WeightsError:
        return False
    return True
