"""Every address of the product. Each app lists its own; this is the order in which they are asked."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from marketplace import crawlers, fields, views
from marketplace.health import healthz
from marketplace.mail import demo_mail

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("how-pay-works/", views.pay, name="pay"),
    path("status/", views.status, name="status"),
    path("side/", views.side, name="side"),
    path("preview/", views.preview, name="preview"),
    path("fields/", fields.fields, name="fields"),
    path("robots.txt", crawlers.robots, name="robots"),
    path("sitemap.xml", crawlers.sitemap, name="sitemap"),
    path("healthz", healthz, name="healthz"),
    path("mail/", demo_mail, name="demo_mail"),
    path("api/v1/", include("marketplace.api")),
    path("accounts/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("", include("payments.urls")),
    path("", include("experts.urls")),
    path("fields/<str:name>/", fields.field, name="field"),  # after experts: `fields/search/` is theirs
    path("admin/desk/", RedirectView.as_view(pattern_name="admin:desk")),
    path("", include("projects.urls")),
    path("", include("tasks.urls")),  # after projects: `projects/<slug>/` would take `projects/new/`
    path("admin/", admin.site.urls),
]
