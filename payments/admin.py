"""The ops door to money: everything can be read, nothing typed over, and each button calls one action."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from accounts.web import refusals_on, signed_in
from core.admin import Button, OpsAdmin
from payments import actions, statements
from payments.columns import Amounts, money
from payments.desk import BatchAdmin
from payments.desk_stripe import InboxAdmin, OutboxAdmin, ReconciliationAdmin
from payments.forms import AdjustmentForm
from payments.late import late_pay
from payments.models import (
    Account,
    Adjustment,
    BalanceTransaction,
    Batch,
    Customer,
    Dispute,
    Due,
    Earning,
    Entry,
    Funding,
    Hold,
    InboxEvent,
    Outbox,
    Payee,
    Payout,
    Posting,
    Reconciliation,
    Refund,
    Reversal,
)
from payments.models.ops import LONGEST_HOLD
from payments.money import read, show
from payments.views import download

admin.site.register(Batch, BatchAdmin)
admin.site.register(Outbox, OutboxAdmin)
admin.site.register(InboxEvent, InboxAdmin)
admin.site.register(Reconciliation, ReconciliationAdmin)


@admin.display(description="Amount", ordering="amount")
def amount(row: Funding | Payout | Refund | Dispute | Adjustment | Reversal | BalanceTransaction | Due) -> str:
    return show(row.amount, row.currency)


@admin.register(Account)
class AccountAdmin(Amounts, OpsAdmin[Account]):
    list_display = ("kind", "ref", "currency", "side", "tracked", money("balance"))
    list_filter = ("kind", "currency")
    search_fields = ("=ref",)
    ordering = ("kind", "ref")


class PostingInline(admin.TabularInline[Posting, Entry]):
    model = Posting
    fields = readonly_fields = ("account", "money")
    extra = 0
    can_delete = False

    @admin.display(description="Amount")
    def money(self, posting: Posting) -> str:
        return show(posting.amount, posting.account.currency)

    def has_view_permission(self, *args: object) -> bool:
        return True  # whoever may see the entry

    def has_add_permission(self, *args: object) -> bool:
        return False

    def has_change_permission(self, *args: object) -> bool:
        return False


@admin.register(Entry)
class EntryAdmin(OpsAdmin[Entry]):
    list_display = ("key", "kind", "at", "reverses")
    list_filter = ("kind",)
    list_select_related = ("reverses",)
    search_fields = ("=key",)
    ordering = ("-pk",)
    inlines = (PostingInline,)


@admin.register(Funding)
class FundingAdmin(Amounts, OpsAdmin[Funding]):
    list_display = ("public_id", "lab", "ref", amount, money("stripe_fee"), "status", "created_at", "paid_at")
    list_filter = ("status", "currency")
    list_select_related = ("lab",)
    search_fields = ("=public_id", "=ref", "lab__name", "=charge_id", "=payment_intent_id", "=checkout_session_id")
    ordering = ("-pk",)
    buttons = (
        Button(
            "ask",
            "Ask Stripe now",
            lambda funding, by, words: actions.refresh_funding(funding=funding, by=by),
            when=lambda funding: bool(funding.checkout_session_id and not funding.invoice_url),
        ),
    )


@admin.register(Customer)
class CustomerAdmin(OpsAdmin[Customer]):
    """Labs as Stripe knows them."""

    list_display = ("lab", "stripe_customer_id", "card_limit_lifted_at")
    list_select_related = ("lab",)
    search_fields = ("lab__name", "=lab__public_id", "=stripe_customer_id")
    ordering = ("-pk",)
    buttons = (
        Button(
            "lift",
            "Lift the limit for cards",
            lambda customer, by, words: actions.lift_card_limit(customer=customer, by=by, note=words),
            when=lambda customer: customer.card_limit_lifted_at is None,
            asks="Why, for the record",
        ),
    )


@admin.register(Dispute)
class DisputeAdmin(Amounts, OpsAdmin[Dispute]):
    """What must be answered first stands first. Evidence is handed in at Stripe."""

    list_display = (
        "public_id",
        "funding",
        amount,
        "status",
        "reason",
        "evidence_due_at",
        money("withdrawn"),
        money("fee"),
    )
    list_filter = ("status",)
    list_select_related = ("funding",)
    search_fields = ("=public_id", "=stripe_id", "=funding__public_id", "=funding__ref", "=funding__charge_id")
    ordering = ("evidence_due_at", "-pk")


class LateFilter(admin.SimpleListFilter):
    title = "transfer"
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Later than an hour")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Earning]) -> QuerySet[Earning]:
        return queryset.filter(pk__in=[late.earning.pk for late in late_pay()]) if self.value() else queryset


@admin.register(Earning)
class EarningAdmin(Amounts, OpsAdmin[Earning]):
    list_display = ("public_id", "payee", "ref", "source", "kind", money("pay"), money("fee"), "booked_at")
    list_filter = (LateFilter, "kind")
    list_select_related = ("payee",)
    search_fields = ("=public_id", "=ref", "=source", "payee__email")
    ordering = ("-pk",)
    change_list_template = "admin/payments/earnings.html"

    def get_urls(self) -> list[URLPattern]:
        totals = self.admin_site.admin_view(require_GET(self.year_csv))
        return [path("year/<int:year>.csv", totals, name="payments_earning_year"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        this_year = timezone.now().year
        return super().changelist_view(request, {"years": (this_year, this_year - 1), **(extra_context or {})})

    def year_csv(self, request: HttpRequest, year: int) -> StreamingHttpResponse:
        """What everybody earned in one year, person by person."""
        if not MINYEAR <= year < MAXYEAR:
            raise Http404
        return download(statements.year_lines(year), f"earnings-{year}.csv")


@admin.register(Due)
class DueAdmin(Amounts, OpsAdmin[Due]):
    """What projects owe beyond their seats. What waits for funds stands first, the oldest above."""

    list_display = ("public_id", "status", "payee", "ref", "memo", amount, "booked_at")
    list_filter = ("status",)
    list_select_related = ("payee",)
    search_fields = ("=public_id", "=ref", "=payee__public_id", "payee__email")
    ordering = ("status", "booked_at")


def _way(route: Payee.Route, label: str) -> Button[Payee]:
    return Button(
        f"to_{route}",
        label,
        lambda payee, by, words: actions.change_route(payee=payee, route=route, reason=words, by=by),
        when=lambda payee: payee.route != route,
        asks="Why, in words the expert reads",
        warns="What is owed follows them; what is under way must be settled first. They are told, and nothing goes out"
        " before they have given bank details, or Stripe says that it can pay them.",
    )


@admin.register(Payee)
class PayeeAdmin(OpsAdmin[Payee]):
    list_display = ("user", "country", "route", "status", "stripe_account_id", "bank_hint", "tax_form", "updated_at")
    list_filter = ("route", "status", "tax_form", "country")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name", "=stripe_account_id", "=public_id")
    buttons = (
        Button(
            "hold",
            "Hold payouts for seven days",
            lambda payee, by, words: actions.hold_payouts(
                payee=payee.user, reason=words, until=timezone.now() + LONGEST_HOLD, by=cast(User, by)
            ),
            asks="Why, in words the expert reads",
            tone="danger",
        ),
        _way(Payee.Route.MANUAL, "Pay by hand from now on"),
        _way(Payee.Route.STRIPE, "Pay through Stripe from now on"),
        Button(
            "tax_asked",
            "Tax form was asked for",
            lambda payee, by, words: actions.record_tax_form(
                payee=payee, status=Payee.TaxForm.ASKED, by=by, note=words
            ),
            asks="Which form",
        ),
        Button(
            "tax_on_file",
            "Tax form is on file",
            lambda payee, by, words: actions.record_tax_form(
                payee=payee, status=Payee.TaxForm.ON_FILE, by=by, note=words
            ),
            asks="Which form, and where it is kept",
        ),
    )


@admin.register(Payout)
class PayoutAdmin(Amounts, OpsAdmin[Payout]):
    list_display = ("public_id", "payee", amount, "status", "transfer_id", "sent_at", "arrives_on", "failure")
    list_filter = ("status", "currency")
    list_select_related = ("payee",)
    search_fields = ("=public_id", "payee__email", "=transfer_id", "=bank_payout_id", "=destination_payment")
    ordering = ("-pk",)
    buttons = (
        Button(
            "retry",
            "Send again",
            lambda payout, by, words: actions.retry_payout(payout=payout, by=by),
            when=lambda payout: payout.status == Payout.Status.FAILED and not payout.transfer_id,
        ),
        Button(
            "cancel",
            "Cancel before it is sent",
            lambda payout, by, words: actions.cancel_payout(payout=payout, by=by, note=words),
            when=lambda payout: payout.status == Payout.Status.PENDING,
            asks="Why, for the record",
            tone="danger",
        ),
        Button(
            "reverse",
            "Propose to take pay back",
            lambda payout, by, words: _propose_reversal(payout, cast(User, by), words),
            when=lambda payout: (
                bool(payout.transfer_id or (payout.line_id and payout.status == Payout.Status.PAID))
                and payout.status != Payout.Status.REVERSED
            ),
            asks_first="How much, such as 12.50",
            asks="Why, in words the expert reads. A second person agrees",
            tone="danger",
        ),
    )


def _propose_reversal(payout: Payout, by: User, words: str) -> Reversal:
    amount, _, reason = words.partition("\n")
    return actions.propose_reversal(payout=payout, amount=read(amount, payout.currency), reason=reason, by=by)


@admin.register(Reversal)
class ReversalAdmin(Amounts, OpsAdmin[Reversal]):
    """What nobody proposed was found at Stripe, and is paid again."""

    list_display = (
        "public_id",
        "payout",
        amount,
        "status",
        "reason",
        "proposed_by",
        "decided_by",
        "done_at",
        "failure",
    )
    list_filter = ("status", ("proposed_by", admin.EmptyFieldListFilter))
    list_select_related = ("payout", "proposed_by", "decided_by")
    search_fields = ("=public_id", "=reversal_id", "=payout__public_id", "=payout__transfer_id", "payout__payee__email")
    ordering = ("-pk",)
    buttons = (
        Button(
            "agree",
            "Agree, and take it back",
            lambda reversal, by, words: actions.agree_reversal(reversal=reversal, by=cast(User, by)),
            when=lambda reversal: reversal.status == Reversal.Status.PROPOSED,
            tone="danger",
        ),
        Button(
            "refuse",
            "Refuse",
            lambda reversal, by, words: actions.refuse_reversal(reversal=reversal, by=cast(User, by), note=words),
            when=lambda reversal: (
                reversal.status == Reversal.Status.PROPOSED
                or (reversal.by_hand and reversal.status == Reversal.Status.PENDING)
            ),
            asks="Why, for the record",
        ),
    )


@admin.register(Refund)
class RefundAdmin(Amounts, OpsAdmin[Refund]):
    list_display = (
        "public_id",
        "funding",
        amount,
        "status",
        "refund_id",
        "created_at",
        "sent_at",
        "settled_at",
        "failure",
    )
    list_filter = ("status", "currency")
    list_select_related = ("funding",)
    search_fields = ("=public_id", "=refund_id", "=funding__public_id", "=funding__ref")
    ordering = ("-pk",)


@admin.register(BalanceTransaction)
class BalanceTransactionAdmin(Amounts, OpsAdmin[BalanceTransaction]):
    list_display = ("txn_id", "type", "source", amount, money("fee"), money("net"), "created_at", "matched")
    list_filter = (("matched", admin.EmptyFieldListFilter), "type")
    search_fields = ("=txn_id", "=source", "=matched")
    ordering = ("-created_at", "-pk")
    date_hierarchy = "created_at"
    buttons = (
        Button(
            "propose",
            "Propose to book it as the house's own",
            lambda line, by, words: actions.propose_for(line=line, reason=words, by=cast(User, by)),
            when=lambda line: not line.matched and not hasattr(line, "adjustment"),
            asks="What it is, and how you know. A second person posts it",
        ),
    )


@admin.register(Adjustment)
class AdjustmentAdmin(Amounts, OpsAdmin[Adjustment]):
    change_list_template = "admin/payments/adjustments.html"
    list_display = ("public_id", "debit", "credit", amount, "reason", "status", "proposed_by", "decided_by")
    list_filter = ("status",)
    list_select_related = ("proposed_by", "decided_by")
    search_fields = ("=public_id", "=debit_ref", "=credit_ref")
    ordering = ("-pk",)
    buttons = (
        Button(
            "post",
            "Agree, and post it",
            lambda adjustment, by, words: actions.post_adjustment(adjustment=adjustment, by=cast(User, by)),
            when=lambda adjustment: adjustment.status == Adjustment.Status.PROPOSED,
        ),
        Button(
            "refuse",
            "Refuse",
            lambda adjustment, by, words: actions.refuse_adjustment(
                adjustment=adjustment, by=cast(User, by), note=words
            ),
            when=lambda adjustment: adjustment.status == Adjustment.Status.PROPOSED,
            asks="Why, for the record",
            tone="danger",
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        door = self.admin_site.admin_view(require_http_methods(["GET", "POST"])(self.propose))
        return [path("propose/", door, name="payments_adjustment_propose"), *super().get_urls()]

    def propose(self, request: HttpRequest) -> HttpResponse:
        """The first person's form: nothing moves by it."""
        form = AdjustmentForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            with refusals_on(form):
                made = actions.propose_adjustment(**form.cleaned_data, by=signed_in(request))
                messages.success(request, "Proposed. A second person posts it, or either of you refuses it.")
                return redirect("admin:payments_adjustment_change", made.pk)
        context = {**self.admin_site.each_context(request), "title": "Propose an adjustment", "opts": self.opts}
        status = 422 if form.errors else 200
        return render(request, "admin/payments/adjust.html", {**context, "form": form}, status=status)


@admin.register(Hold)
class HoldAdmin(OpsAdmin[Hold]):
    list_display = ("public_id", "payee", "reason", "placed_by", "placed_at", "ends_at", "released_at")
    list_select_related = ("payee", "placed_by")
    search_fields = ("=public_id", "payee__email")
    ordering = ("-pk",)
    buttons = (
        Button(
            "release",
            "Release now",
            lambda hold, by, words: actions.release_hold(hold=hold, by=by, note=words),
            when=lambda hold: hold.released_at is None and hold.ends_at > timezone.now(),
            asks="Why, for the record",
        ),
    )
