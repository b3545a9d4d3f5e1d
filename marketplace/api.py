"""The roof of the REST door: every app's addresses, the schema, and the page that reads it aloud."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from drf_spectacular.views import SpectacularAPIView

from accounts.api import api_urls as accounts
from experts.api import api_urls as experts
from marketplace.api_docs import docs
from payments.api import api_urls as payments
from projects.api import api_urls as projects
from tasks.api import api_urls as tasks

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", docs, name="api-docs"),
    *accounts,
    *experts,
    *payments,
    *projects,
    *tasks,
]
