"""Who may come in: who does not moderate finds nothing here."""

from functools import wraps

from django.http import Http404, HttpRequest, HttpResponseBase

from detection.moderation.access import leads, moderates
from detection.views.access import View, signed_in


def moderators_only(view: View) -> View:
    """Anonymous visitors sign in first; for others without the right there is no such page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not moderates(request.user):
            raise Http404("no such page")
        return view(request, *args, **kwargs)

    return signed_in(guarded)


def leads_only(view: View) -> View:
    """The same for what only leads may do."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not leads(request.user):
            raise Http404("no such page")
        return view(request, *args, **kwargs)

    return moderators_only(guarded)
