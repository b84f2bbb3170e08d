"""The REST API: the same rules as the site's pages, for programs.

How an endpoint is added, in whichever application it belongs to (CONTRIBUTING.md says it with an example):
a view that derives from `detection.api.views.ApiView`, guarded by `HasScope.of(...)`, fetching through selectors,
changing through services, failing by `Problem`, annotated with `extend_schema`; its address in the application's
`api_urls.py`, which `deepfake_site.urls` puts below /api/; and `manage.py spectacular` once more.
"""
