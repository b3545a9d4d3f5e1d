"""Every address of the REST door of projects, relative to /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, path

from projects import api_expert as expert
from projects import api_lab as lab

api_urls: list[URLPattern] = [
    # labs
    path("projects/", lab.Projects.as_view(), name="api-projects"),
    path("projects/<str:project>/", lab.OneProject.as_view(), name="api-project"),
    path("projects/<str:project>/instructions/", lab.Instructions.as_view(), name="api-instructions"),
    path("projects/<str:project>/fundings/", lab.Fundings.as_view(), name="api-fund"),
    path("projects/<str:project>/open/", lab.Open.as_view(), name="api-open"),
    path("projects/<str:project>/pause/", lab.Pause.as_view(), name="api-pause"),
    path("projects/<str:project>/resume/", lab.Resume.as_view(), name="api-resume"),
    path("projects/<str:project>/close/", lab.Close.as_view(), name="api-close"),
    path("projects/<str:project>/cancel/", lab.Cancel.as_view(), name="api-cancel"),
    path("projects/<str:project>/confirm-pilot/", lab.ConfirmPilot.as_view(), name="api-confirm-pilot"),
    path("projects/<str:project>/matches/", lab.Matches.as_view(), name="api-matches"),
    path("projects/<str:project>/invitations/", lab.Invitations.as_view(), name="api-invitations"),
    path("applications/<str:application>/accept/", lab.Accept.as_view(), name="api-accept"),
    path("applications/<str:application>/shortlist/", lab.Shortlist.as_view(), name="api-shortlist"),
    path("applications/<str:application>/decline/", lab.Decline.as_view(), name="api-decline"),
    # both: the lab reads, the expert applies
    path("projects/<str:project>/applications/", expert.Applications.as_view(), name="api-applications"),
    path("applications/<str:application>/", expert.OneApplication.as_view(), name="api-application"),
    path("applications/<str:application>/agreements/", expert.Agreements.as_view(), name="api-agreements"),
    # experts
    path("offers/", expert.Offers.as_view(), name="api-offers"),
    path("offers/<str:project>/", expert.OneOffer.as_view(), name="api-offer"),
    path("applications/", expert.MyApplications.as_view(), name="api-my-applications"),
    path("applications/<str:application>/withdraw/", expert.Withdraw.as_view(), name="api-withdraw-application"),
    path("invitations/", expert.MyInvitations.as_view(), name="api-my-invitations"),
    path("invitations/<str:invitation>/accept/", expert.AcceptInvitation.as_view(), name="api-accept-invitation"),
    path("invitations/<str:invitation>/decline/", expert.DeclineInvitation.as_view(), name="api-decline-invitation"),
]
