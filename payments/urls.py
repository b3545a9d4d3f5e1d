from __future__ import annotations

from django.urls import path

from payments import views

app_name = "payments"

urlpatterns = [
    path("stripe/webhook/", views.webhook, {"endpoint": "platform"}, name="webhook"),
    path("stripe/webhook/connect/", views.webhook, {"endpoint": "connect"}, name="webhook_connect"),
    path("stripe/webhook/thin/", views.webhook, {"endpoint": "thin"}, name="webhook_thin"),
    path("earnings/", views.earnings, name="earnings"),
    path("earnings.csv", views.earnings_csv, name="earnings_csv"),
    path("earnings.pdf", views.earnings_pdf, name="earnings_pdf"),
    path("earnings/statements/", views.earnings_years, name="earnings_years"),
    path("payouts/", views.payouts, name="payouts"),
    path("payouts/setup/", views.payout_setup, name="payout_setup"),
    path("payouts/setup/bank/", views.bank_details, name="bank_details"),
    path("payouts/setup/continue/", views.payout_continue, name="payout_continue"),
    path("payouts/setup/done/", views.payout_return, name="payout_return"),
    path("payouts/setup/refresh/", views.payee_refresh, name="payee_refresh"),
    path("fundings/<str:funding_id>/", views.funding, name="funding"),
    path("fundings/<str:funding_id>/cancel/", views.funding_cancel, name="funding_cancel"),
]
