"""The ops door to money: everything can be read, nothing typed over, and each button calls one action."""

from __future__ import annotations

from django.contrib import admin

from core.admin import Button, OpsAdmin
from payments import actions
from payments.models import (
    Account,
    BalanceTransaction,
    Earning,
    Entry,
    Funding,
    InboxEvent,
    Outbox,
    Payee,
    Payout,
    Posting,
    Reconciliation,
)
from payments.money import show


@admin.display(description="Amount", ordering="amount")
def amount(row: Funding | Payout) -> str:
    return show(row.amount, row.currency)


@admin.register(Account)
class AccountAdmin(OpsAdmin[Account]):
    list_display = ("kind", "ref", "currency", "side", "tracked", "balance")
    list_filter = ("kind", "currency")
    search_fields = ("=ref",)
    ordering = ("kind", "ref")


class PostingInline(admin.TabularInline[Posting, Entry]):
    model = Posting
    fields = readonly_fields = ("account", "amount")
    extra = 0
    can_delete = False

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
class FundingAdmin(OpsAdmin[Funding]):
    list_display = ("public_id", "lab", "ref", amount, "stripe_fee", "status", "created_at", "paid_at")
    list_filter = ("status", "currency")
    list_select_related = ("lab",)
    search_fields = ("=public_id", "=ref", "lab__name", "=charge_id", "=payment_intent_id", "=checkout_session_id")
    ordering = ("-pk",)
    buttons = (
        Button(
            "ask",
            "Ask Stripe now",
            lambda funding, by, words: actions.refresh_funding(funding=funding, by=by),
            when=lambda funding: bool(funding.checkout_session_id and Funding.TRANSITIONS[funding.status]),
        ),
    )


@admin.register(Earning)
class EarningAdmin(OpsAdmin[Earning]):
    list_display = ("public_id", "payee", "ref", "source", "kind", "pay", "fee", "currency", "booked_at")
    list_filter = ("kind",)
    list_select_related = ("payee",)
    search_fields = ("=public_id", "=ref", "=source", "payee__email")
    ordering = ("-pk",)


@admin.register(Payee)
class PayeeAdmin(OpsAdmin[Payee]):
    list_display = ("user", "country", "status", "stripe_account_id", "updated_at")
    list_filter = ("status", "country")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name", "=stripe_account_id", "=public_id")


@admin.register(Payout)
class PayoutAdmin(OpsAdmin[Payout]):
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
    )


@admin.register(Outbox)
class OutboxAdmin(OpsAdmin[Outbox]):
    list_display = ("key", "op", "payout", "state", "attempts", "due_at", "first_at", "remote_id", "last_error")
    list_filter = ("state",)
    list_select_related = ("payout",)
    search_fields = ("=key", "=remote_id", "=payout__public_id")
    ordering = ("-pk",)
    buttons = (
        Button(
            "adopt",
            "Adopt the transfer that Stripe has",
            lambda row, by, words: actions.adopt(row=row, transfer_id=words.strip(), by=by),
            when=lambda row: row.state in (Outbox.State.NEEDS_OPS, Outbox.State.UNKNOWN),
            asks="The transfer's id at Stripe (tr_…)",
        ),
        Button(
            "anew",
            "Send anew under a new key",
            lambda row, by, words: actions.send_anew(row=row, by=by, note=words),
            when=lambda row: row.state == Outbox.State.NEEDS_OPS,
            asks="How you know that Stripe has no such transfer",
            tone="danger",
        ),
    )


@admin.register(InboxEvent)
class InboxAdmin(OpsAdmin[InboxEvent]):
    list_display = ("type", "event_id", "endpoint", "object_id", "received_at", "processed_at", "attempts", "error")
    list_filter = ("endpoint", ("processed_at", admin.EmptyFieldListFilter))
    search_fields = ("=event_id", "=object_id", "=account", "type")
    ordering = ("-pk",)
    buttons = (
        Button(
            "again",
            "Try again now",
            lambda event, by, words: actions.try_again(event=event, by=by),
            when=lambda event: event.processed_at is None,
        ),
    )


@admin.register(BalanceTransaction)
class BalanceTransactionAdmin(OpsAdmin[BalanceTransaction]):
    list_display = ("txn_id", "type", "source", "amount", "fee", "net", "currency", "created_at", "matched")
    list_filter = (("matched", admin.EmptyFieldListFilter), "type")
    search_fields = ("=txn_id", "=source", "=matched")
    ordering = ("-created_at", "-pk")
    date_hierarchy = "created_at"


@admin.register(Reconciliation)
class ReconciliationAdmin(OpsAdmin[Reconciliation]):
    list_display = ("started_at", "agrees", "stripe", "ledger", "difference", "ours_unseen", "theirs_unbooked", "full")
    ordering = ("-pk",)

    @admin.display(boolean=True, description="Agrees")
    def agrees(self, run: Reconciliation) -> bool:
        return run.green
