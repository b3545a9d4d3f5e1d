"""The ops desks of what Stripe is owed word of, of what it told us, and of its books beside ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import wraps
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from core.actors import Actor
from core.admin import Button, Figure, OpsAdmin
from core.errors import WrongState
from core.templatetags.ui import relative
from payments import actions, queries_desk
from payments.actions.desks import can_be_given_up
from payments.columns import Amounts, money
from payments.models import InboxEvent, Outbox, Reconciliation
from payments.money import show
from payments.views import download

State = Outbox.State


def _adopt(row: Outbox, by: Actor, words: str) -> Outbox:
    adopted = actions.adopt(row=row, remote_id=words.strip(), by=by)
    if adopted.state != State.DONE:
        raise WrongState(adopted.last_error)
    return adopted


class OutboxAdmin(OpsAdmin[Outbox]):
    list_display = (
        "key", "op", "subject", "state", "row_buttons", "attempts", "due_at", "first_at", "remote_id", "last_error",
    )  # fmt: skip
    list_filter = ("state", "op")
    search_fields = ("=key", "=remote_id", "=subject")
    list_select_related = ("payee",)
    ordering = ("-pk",)
    buttons = (
        Button(
            "retry",
            "Try again now",
            lambda row, by, words: actions.retry_now(row=row, by=by),
            when=lambda row: row.state in (State.PENDING, State.UNKNOWN),
            warns="The same call under the same key. Where an answer was lost, Stripe is looked at first.",
        ),
        Button(
            "adopt",
            "Adopt what Stripe has",
            _adopt,
            when=lambda row: row.state in (State.NEEDS_OPS, State.UNKNOWN),
            asks="Its id at Stripe (tr_…, re_…)",
            warns="It is fetched, and taken only where its metadata, amount and receiver are those of this delivery.",
        ),
        Button(
            "anew",
            "Send anew under a new key",
            lambda row, by, words: actions.send_anew(row=row, by=by, note=words),
            when=lambda row: row.state == State.NEEDS_OPS,
            asks="How you know that Stripe has nothing of it",
            tone="danger",
            warns="Stripe no longer knows the old key. It is looked at once more before anything is sent.",
        ),
        Button(
            "dead",
            "Give it up",
            lambda row, by, words: actions.give_up(row=row, by=by, note=words),
            when=can_be_given_up,
            asks="Why, for the record",
            tone="danger",
            warns="Stripe is looked at first. Where it has nothing, the money is again whose it was.",
        ),
    )

    def figures(self) -> list[Figure]:
        now = queries_desk.deliveries()
        return [
            Figure("Pending", now.pending, "?state__exact=pending"),
            Figure("Unknown", now.unknown, "?state__exact=unknown", "warning" if now.unknown else ""),
            Figure("Needs a person", now.needs_ops, "?state__exact=needs_ops", "danger" if now.needs_ops else ""),
            Figure("Failed in 7 days", now.failed, "?state__exact=failed", "warning" if now.failed else ""),
            Figure("Oldest open", relative(now.oldest) if now.oldest else "None"),
        ]


class Came(admin.SimpleListFilter):
    """How far an event has come."""

    title = "state"
    parameter_name = "came"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("failed", "Failed"), ("waiting", "Waiting"), ("done", "Processed"), ("closed", "Closed by hand")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboxEvent]) -> QuerySet[InboxEvent]:
        narrowed: dict[str | None, Callable[[], QuerySet[InboxEvent]]] = {
            "failed": lambda: queryset.filter(processed_at=None).exclude(error=""),
            "waiting": lambda: queryset.filter(processed_at=None),
            "done": lambda: queryset.filter(processed_at__isnull=False, error=""),
            "closed": lambda: queryset.filter(processed_at__isnull=False).exclude(error=""),
        }
        return narrowed.get(self.value(), lambda: queryset)()


class InboxAdmin(OpsAdmin[InboxEvent]):
    list_display = (
        "type", "event_id", "came", "row_buttons", "error", "object_id", "received_at", "processed_at", "attempts",
        "endpoint",
    )  # fmt: skip
    list_filter = (Came, "endpoint")
    search_fields = ("=event_id", "=object_id", "=account", "type")
    ordering = ("-pk",)
    buttons = (
        Button(
            "again",
            "Try again now",
            lambda event, by, words: actions.try_again(event=event, by=by),
            when=lambda event: event.processed_at is None,
            warns="What it speaks of is fetched from Stripe again. Nothing is booked twice.",
        ),
        Button(
            "close",
            "Close it: done by hand, or nothing to be done",
            lambda event, by, words: actions.close_event(event=event, by=by, note=words),
            when=lambda event: event.processed_at is None and bool(event.error),
            asks="What you did, or why nothing is to be done",
            tone="danger",
            warns="It is not tried again. Its error stays here to be read, and your words stay with it.",
        ),
    )

    @admin.display(description="State")
    def came(self, event: InboxEvent) -> str:
        if event.processed_at:
            return "closed by hand" if event.error else "processed"
        return "failed" if event.error else "waiting"

    def figures(self) -> list[Figure]:
        now = queries_desk.events()
        return [
            Figure("Waiting", now.waiting, "?came=waiting"),
            Figure("Of them failed", now.failed, "?came=failed", "danger" if now.failed else ""),
            Figure("Closed by hand in 7 days", now.closed, "?came=closed"),
            Figure("Oldest waiting", relative(now.oldest) if now.oldest else "None"),
        ]


def of_day(view: Callable[[Any, HttpRequest, date], Any]) -> Callable[..., Any]:
    """The day of an address as a date; 404 where it is none."""

    @wraps(view)
    def dated(self: Any, request: HttpRequest, day: str) -> Any:
        try:
            return view(self, request, date.fromisoformat(day))
        except ValueError as wrong:
            raise Http404 from wrong

    return dated


class ReconciliationAdmin(Amounts, OpsAdmin[Reconciliation]):
    list_display = (
        "started_at", "agrees", "day", money("stripe"), money("ledger"), money("difference", computed=True),
        money("ours_unseen"), money("theirs_unbooked"), "matched", "full",
    )  # fmt: skip
    ordering = ("-pk",)

    @admin.display(boolean=True, description="Agrees")
    def agrees(self, run: Reconciliation) -> bool:
        return run.green

    @admin.display(description="Day")
    def day(self, run: Reconciliation) -> SafeString:
        day = run.started_at.date().isoformat()
        return format_html('<a href="{}">{}</a>', reverse("admin:payments_reconciliation_day", args=[day]), day)

    def get_urls(self) -> list[URLPattern]:
        page, lines = (self.admin_site.admin_view(require_GET(view)) for view in (self.day_page, self.day_csv))
        return [
            path("day/<str:day>.csv", lines, name="payments_reconciliation_csv"),
            path("day/<str:day>/", page, name="payments_reconciliation_day"),
            *super().get_urls(),
        ]

    @of_day
    def day_page(self, request: HttpRequest, day: date) -> HttpResponse:
        """One day (UTC): whether the books agree, what is odd, and Stripe's lines by what they mean."""
        runs = queries_desk.runs_of(day)
        odd = [{**found, "amount": show(found["net"], runs[0].currency)} for found in runs[0].findings] if runs else []
        sorts = [(sort, show(sort.net, sort.currency)) for sort in queries_desk.sorts_of(day)]
        context = {"title": f"Our books and Stripe's on {day:%d %b %Y} (UTC)", "opts": self.opts, "day": day}
        context |= {"runs": runs, "odd": odd, "sorts": sorts, "before": day - timedelta(days=1)}
        context["after"] = day + timedelta(days=1) if day < timezone.now().date() else None
        request.current_app = self.admin_site.name
        return render(request, "admin/payments/day.html", {**self.admin_site.each_context(request), **context})

    @of_day
    def day_csv(self, request: HttpRequest, day: date) -> StreamingHttpResponse:
        return download(queries_desk.day_csv(day), f"stripe-{day}.csv")
