"""The addresses of projects in the making and of who works on them. Asked before tasks.urls."""

from __future__ import annotations

from django.urls import path

from projects import views, views_wizard

app_name = "projects"

urlpatterns = [
    # lab: the wizard
    path("projects/new/", views_wizard.new, name="new"),
    path("projects/<slug:prj>/edit/<slug:step>/", views_wizard.edit, name="edit"),
    path("projects/<slug:prj>/match/", views_wizard.match, name="match"),
    path("projects/<slug:prj>/total/", views_wizard.total, name="total"),
    path("projects/<slug:prj>/fund/", views_wizard.fund, name="fund"),
    path("projects/<slug:prj>/open/", views_wizard.open_now, name="open"),
    path("projects/<slug:prj>/cancel/", views_wizard.cancel, name="cancel"),
    # lab: who works
    path("projects/<slug:prj>/applicants/", views.applicants, name="applicants"),
    path("projects/<slug:prj>/applicants/decide/", views.decide, name="decide"),
    path("projects/<slug:prj>/applicants/invite/", views.invite, name="invite"),
    path("projects/<slug:prj>/applicants/match/", views.rematch, name="rematch"),
    # expert
    path("browse/<slug:prj>/apply/", views.apply, name="apply"),
    path("applications/", views.mine, name="mine"),
    path("applications/<slug:app>/withdraw/", views.withdraw, name="withdraw"),
    path("applications/<slug:app>/agreements/", views.agreements, name="agreements"),
    path("invitations/<slug:ivt>/", views.invitation, name="invitation"),
    path("invitations/<slug:ivt>/accept/", views.invitation_accept, name="invitation_accept"),
    path("invitations/<slug:ivt>/decline/", views.invitation_decline, name="invitation_decline"),
]
