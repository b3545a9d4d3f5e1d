"""The REST door to a lab's money: balances, every movement, months and the forecast. Members of the lab read it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.pagination import Cursor
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Lab
from accounts.rest import Door, Pages
from payments import causes
from payments.months import Month
from payments.project_lines import NEWEST, Line, Lines
from projects.models import Project
from tasks import queries_money as ask
from tasks.api_lab import CURSOR, of_lab
from tasks.api_shapes import BalanceShape
from tasks.api_work import user_of
from tasks.forecast import Estimate, Forecast
from tasks.month_sheet import month_file


class EstimateShape(serializers.Serializer[Estimate]):
    """`days` and `until` are null where there is not enough data yet."""

    window = serializers.IntegerField(source="pace.window", help_text="Days that are looked back on.")
    observed = serializers.IntegerField(source="pace.days", help_text="Days of them that the project was open.")
    approved = serializers.IntegerField(source="pace.approved")
    days = serializers.IntegerField(allow_null=True, help_text="Until the funds run out at this pace.")
    until = serializers.DateField(allow_null=True)


class ForecastShape(serializers.Serializer[Forecast]):
    seats = serializers.IntegerField(help_text="Answers that open seats and free funds still pay for.")
    wanted = serializers.IntegerField(help_text="Answers that are wanted and not accepted yet.")
    covered = serializers.BooleanField(help_text="The funds reach to the last wanted answer.")
    estimates = EstimateShape(many=True)


class MoneyShape(serializers.Serializer[Any]):
    currency = serializers.CharField()
    balance = BalanceShape()
    forecast = ForecastShape()


class LineShape(serializers.Serializer[ask.Told]):
    """One entry of the ledger. What it did to free funds and to the reserve, and what each held afterwards."""

    id = serializers.CharField(source="line.key", help_text="The ledger's own key. It never changes.")
    at = serializers.DateTimeField(source="line.at")
    group = serializers.ChoiceField(source="line.group", choices=list(causes.GROUPS))
    kind = serializers.CharField(source="line.kind")
    what = serializers.CharField(source="line.words")
    about = serializers.CharField(source="line.about", help_text="Public id of the task, answer or payment, or empty.")
    expert = serializers.CharField(help_text="Pseudonym, as in exports, or empty.")
    pay = serializers.IntegerField(source="line.pay", allow_null=True)
    fee = serializers.IntegerField(source="line.fee", allow_null=True)
    free = serializers.IntegerField(source="line.free")
    reserved = serializers.IntegerField(source="line.reserved")
    free_after = serializers.IntegerField(source="line.free_after")
    reserved_after = serializers.IntegerField(source="line.reserved_after")


class LinePageShape(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True, help_text="Always null: the way leads back in time only.")
    results = LineShape(many=True)


class NarrowingShape(serializers.Serializer[Any]):
    group = serializers.ChoiceField(required=False, choices=list(causes.GROUPS))
    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False, help_text="This day is included.")


class MovedShape(serializers.Serializer[dict[str, int]]):
    funding = serializers.IntegerField()
    processor = serializers.IntegerField()
    pay = serializers.IntegerField()
    fee = serializers.IntegerField()
    refund = serializers.IntegerField()
    other = serializers.IntegerField(help_text="Disputes and corrections.")


class MonthShape(serializers.Serializer[Month]):
    """Balances are free and reserved together; what left is negative."""

    since = serializers.DateField()
    opening = serializers.IntegerField()
    moved = MovedShape()
    closing = serializers.IntegerField()


class BilledProjectShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    balance = BalanceShape()


class BooksShape(serializers.Serializer[Any]):
    currency = serializers.CharField()
    total = BalanceShape()
    projects = BilledProjectShape(many=True)
    months = MonthShape(many=True)


class BillingShape(serializers.Serializer[Any]):
    lab = serializers.CharField()
    time_zone = serializers.CharField(help_text="Whose calendar months they are.")
    books = BooksShape(many=True, help_text="One for each currency.")


class LinePages(Pages):
    """As everywhere: `?limit=` and `?cursor=`. The position is the entry that the page before ended with."""

    def page_of(self, lines: Lines, request: Request) -> tuple[list[Line], str | None]:
        """The page that the request asks for, and the address of the next one."""
        cursor, size = self.decode_cursor(request), self.get_page_size(request) or self.page_size
        before = int(cursor.position) if cursor and cursor.position else NEWEST
        found = lines.older(min(before, NEWEST), limit=size + 1)
        self.base_url = request.build_absolute_uri()
        rest = len(found) > size
        following = self.encode_cursor(Cursor(0, False, found[size - 1].entry)) if rest else None
        return found[:size], following


class ProjectMoney(Door):
    @extend_schema(responses=MoneyShape, operation_id="get_money")
    def get(self, request: Request, project: str) -> Response:
        """Where the project's money is, and how long it lasts."""
        found = project_of(request, project)
        balance = ask.balance(found)
        shown = {"currency": found.currency, "balance": balance, "forecast": ask.forecast_of(found, balance.spendable)}
        return Response(MoneyShape(shown).data)


class ProjectForecast(Door):
    @extend_schema(responses=ForecastShape, operation_id="get_forecast")
    def get(self, request: Request, project: str) -> Response:
        """How long the funds last at the pace of the last 7 and 28 days."""
        found = project_of(request, project)
        return Response(ForecastShape(ask.forecast_of(found, ask.balance(found).spendable)).data)


class ProjectLines(Door):
    @extend_schema(
        responses=LinePageShape,
        operation_id="list_money_lines",
        parameters=[NarrowingShape, CURSOR, OpenApiParameter("limit", int)],
    )
    def get(self, request: Request, project: str) -> Response:
        """Every movement of the project's money, newest first."""
        found = project_of(request, project)
        given = NarrowingShape(data=request.query_params)
        given.is_valid(raise_exception=True)
        lines = Lines(found.public_id, found.currency, **ask.narrowing(**given.validated_data))
        page, following = LinePages().page_of(lines, request)
        told = ask.Teller(found).tell(page)
        return Response(LinePageShape({"next": following, "previous": None, "results": told}).data)


class Billing(Door):
    @extend_schema(responses=BillingShape, operation_id="get_billing")
    def get(self, request: Request, lab: str) -> Response:
        """Balances and calendar months of all the lab's projects."""
        found = lab_of(request, lab)
        books = [
            {
                "currency": book.currency,
                "total": book.total,
                "projects": [
                    {"id": project.public_id, "title": project.title, "balance": balance}
                    for project, balance in book.rows
                ],
                "months": book.months,
            }
            for book in ask.books(found)
        ]
        return Response(BillingShape({"lab": found.public_id, "time_zone": found.time_zone, "books": books}).data)


class MonthLines(Door):
    @extend_schema(
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR)}, operation_id="download_month_lines"
    )
    def get(self, request: Request, lab: str, month: str) -> StreamingHttpResponse:
        """Every movement of the month (`2026-11`) in all the lab's projects, as CSV."""
        return month_file(lab_of(request, lab), month)


def project_of(request: Request, public_id: str) -> Project:
    """Raises Http404."""
    return of_lab(request, Project, public_id)


def lab_of(request: Request, public_id: str) -> Lab:
    """Raises Http404."""
    found = Lab.objects.visible_to(user_of(request)).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found
