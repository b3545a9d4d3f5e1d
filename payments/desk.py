"""The ops desk for payouts by hand: a batch is made, its file goes to the bank, the bank's answers come back in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.web import signed_in
from core.admin import OpsAdmin
from core.errors import Refused
from core.templatetags.ui import absolute
from payments import actions, bank
from payments.forms import BankAnswerForm, BankFileForm
from payments.late import by_hand_due
from payments.models import Batch, BatchLine
from payments.money import show
from payments.queries import waiting_by_hand
from payments.views import download

SHOWN = 20  # faults of one file


class LineInline(admin.TabularInline[BatchLine, Batch]):
    model = BatchLine
    fields = readonly_fields = ("public_id", "payee", "money", "status", "reference", "paid_on", "failure", "told_by")
    extra = 0
    can_delete = False

    @admin.display(description="Amount")
    def money(self, line: BatchLine) -> str:
        return show(line.amount, line.batch.currency)

    def has_view_permission(self, *args: object) -> bool:
        return True  # whoever may see the batch

    def has_add_permission(self, *args: object) -> bool:
        return False

    def has_change_permission(self, *args: object) -> bool:
        return False


class BatchAdmin(OpsAdmin[Batch]):
    list_display = ("public_id", "made_at", "made_by", "total", "lines", "paid", "failed", "waiting", "due")
    list_select_related = ("made_by",)
    search_fields = ("=public_id", "=lines__public_id", "=lines__reference", "lines__payee__email")
    ordering = ("-pk",)
    inlines = (LineInline,)
    change_list_template = "admin/payments/batches.html"
    change_form_template = "admin/payments/batch.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        each = {f"{status}_lines": Count("lines", filter=Q(lines__status=status)) for status in BatchLine.Status.values}
        return super().get_queryset(request).annotate(amount=Sum("lines__amount"), every=Count("lines"), **each)

    @admin.display(description="Total")
    def total(self, batch: Any) -> str:
        return show(batch.amount, batch.currency)

    @admin.display(description="Lines")
    def lines(self, batch: Any) -> int:
        return int(batch.every)

    @admin.display(description="Paid")
    def paid(self, batch: Any) -> int:
        return int(batch.paid_lines)

    @admin.display(description="Failed")
    def failed(self, batch: Any) -> int:
        return int(batch.failed_lines)

    @admin.display(description="No answer yet")
    def waiting(self, batch: Any) -> int:
        return int(batch.pending_lines)

    @admin.display(description="Answers due")
    def due(self, batch: Any) -> str:
        if not batch.pending_lines:
            return "–"
        moment = by_hand_due(batch.made_at)
        return f"{absolute(moment)}{', overdue' if moment < timezone.now() else ''}"

    def get_urls(self) -> list[URLPattern]:
        def door(view: Any) -> Any:
            return self.admin_site.admin_view(require_POST(view))

        return [
            path("make/", door(self.make), name="payments_batch_make"),
            path("<path:object_id>/file/", door(self.file), name="payments_batch_file"),
            path("<path:object_id>/answers/", door(self.answers), name="payments_batch_answers"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        people, amount = waiting_by_hand()
        context = {"people": people, "owed": show(amount), **(extra_context or {})}
        return super().changelist_view(request, context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"file_form": BankFileForm(), "answer_form": BankAnswerForm(), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def make(self, request: HttpRequest) -> HttpResponse:
        try:
            batch = actions.make_batch(by=signed_in(request))
        except Refused as refusal:
            messages.error(request, refusal.message)
            return redirect("admin:payments_batch_changelist")
        messages.success(request, "The batch is made. Take its file to the bank.")
        return redirect("admin:payments_batch_change", batch.pk)

    def batch(self, request: HttpRequest, object_id: str) -> Batch:
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        return found

    def file(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """By POST: it holds bank details, and who took it is written down."""
        batch = self.batch(request, object_id)
        rows = actions.read_batch(batch=batch, by=signed_in(request))
        return download(bank.written(rows), f"{batch.public_id}.csv")

    def answers(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The file filled in, or one line typed in."""
        batch = self.batch(request, object_id)
        try:
            news = actions.confirm_lines(batch=batch, told=_told(request), by=signed_in(request))
        except Refused as refusal:
            messages.error(request, refusal.message)
            for fault in refusal.faults[:SHOWN]:
                place = f"Row {fault.row}, {fault.field}" if fault.row else fault.field
                messages.error(request, f"{place}: {fault.message}")
        else:
            messages.success(request, f"{news} line{'' if news == 1 else 's'} booked.")
        return redirect("admin:payments_batch_change", batch.pk)


def _told(request: HttpRequest) -> list[bank.Told]:
    form = BankFileForm(files=request.FILES)
    if form.is_valid():
        return bank.read(form.cleaned_data["file"].read(bank.MOST_BYTES + 1))
    return bank.understood([{name: request.POST.get(name, "").strip() for name in ("line", *bank.ANSWER)}])
