"""The REST door to money: what labs pay in, what one has earned, and how one is paid."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from accounts.models import Lab, User
from accounts.rest import Door, DoorSet
from accounts.roles import Permission, may
from payments import actions, queries_paid, statements
from payments.balances import balance_of
from payments.models import Dispute, Earning, Funding, Payee, Payout, Refund


class FundingSerializer(serializers.ModelSerializer[Funding]):
    """Amounts in minor units. `status` is what Stripe has confirmed."""

    id = serializers.CharField(source="public_id", read_only=True)
    lab = serializers.CharField(source="lab.public_id", read_only=True)
    returns_at = serializers.SerializerMethodField(help_text="When what is neither spent nor reserved goes back.")

    class Meta:
        model = Funding
        fields = (
            "id", "ref", "lab", "title", "amount", "stripe_fee", "currency", "method", "status", "failure",
            "success_url", "cancel_url", "instructions_url", "invoice_url", "receipt_url", "created_at", "paid_at",
            "returns_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_returns_at(self, funding: Funding) -> datetime | None:
        return queries_paid.returns_at(funding)


class CheckoutSerializer(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="Stripe's payment page")


class PayoutSerializer(serializers.ModelSerializer[Payout]):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = Payout
        fields = (
            "id", "amount", "currency", "status", "transfer_id", "bank_payout_id", "arrives_on", "failure",
            "created_at", "sent_at", "paid_at",
        )  # fmt: skip
        read_only_fields = fields


class EarningSerializer(serializers.ModelSerializer[Earning]):
    """`state` is approved, sent, paid or failed: the least advanced of `payouts`."""

    id = serializers.CharField(source="public_id")
    state = serializers.ChoiceField(choices=list(statements.STATES))
    payouts = serializers.SerializerMethodField()

    class Meta:
        model = Earning
        fields = ("id", "ref", "source", "kind", "pay", "currency", "memo", "booked_at", "state", "payouts")
        read_only_fields = fields

    @extend_schema_field(PayoutSerializer(many=True))
    def get_payouts(self, earning: Earning) -> Any:
        return PayoutSerializer([allocation.payout for allocation in earning.allocations.all()], many=True).data


class PayeeSerializer(serializers.ModelSerializer[Payee]):
    id = serializers.CharField(source="public_id", read_only=True)
    country = serializers.CharField(min_length=2, max_length=2, help_text="ISO 3166-1 alpha-2")

    class Meta:
        model = Payee
        fields = ("id", "country", "route", "status", "requirements", "bank_hint", "updated_at")
        read_only_fields = ("route", "status", "requirements", "bank_hint", "updated_at")


class BankSerializer(serializers.Serializer[Any]):
    """Kept encrypted, never given back."""

    holder = serializers.CharField(max_length=140)
    account = serializers.CharField(max_length=60, help_text="IBAN or account number")
    code = serializers.CharField(max_length=30, help_text="SWIFT/BIC or national bank code")
    bank = serializers.CharField(max_length=140)


class LinkSerializer(serializers.Serializer[Any]):
    return_url = serializers.URLField()
    refresh_url = serializers.URLField()


def _user(request: Request) -> User:
    return cast(User, request.user)


class RefundSerializer(serializers.ModelSerializer[Refund]):
    """Amounts in minor units. `failed`: refused or sent back by the bank; the money is the project's again."""

    id = serializers.CharField(source="public_id", read_only=True)
    ref = serializers.CharField(source="funding.ref", read_only=True)
    funding = serializers.CharField(source="funding.public_id", read_only=True)

    class Meta:
        model = Refund
        fields = (
            "id", "ref", "funding", "amount", "currency", "status", "reason", "refund_id", "failure", "created_at",
            "sent_at", "settled_at",
        )  # fmt: skip
        read_only_fields = fields


class AskedRefundSerializer(serializers.Serializer[Any]):
    ref = serializers.CharField(max_length=40, help_text="prj_…, whose free funds go back")
    amount = serializers.IntegerField(min_value=1, help_text="minor units")
    currency = serializers.CharField(max_length=3, default="usd")
    reason = serializers.CharField(max_length=500)


class RefundableSerializer(serializers.Serializer[Any]):
    amount = serializers.IntegerField(help_text="minor units that can go back now")
    currency = serializers.CharField()


class DisputeSerializer(serializers.ModelSerializer[Dispute]):
    """A payment that its bank contests. `withdrawn`: what Stripe holds for it; `borne`: what the project lost."""

    id = serializers.CharField(source="public_id", read_only=True)
    ref = serializers.CharField(source="funding.ref", read_only=True)
    funding = serializers.CharField(source="funding.public_id", read_only=True)

    class Meta:
        model = Dispute
        fields = (
            "id", "ref", "funding", "amount", "withdrawn", "borne", "currency", "reason", "status", "evidence_due_at",
            "created_at",
        )  # fmt: skip
        read_only_fields = fields


class FundingSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, DoorSet):
    """What a lab has paid, or is about to; `?ref=prj_…`. Projects open them: only they know what may be funded."""

    queryset = Funding.objects.select_related("lab")
    serializer_class = FundingSerializer

    def get_queryset(self) -> QuerySet[Funding]:
        rows = Funding.objects.select_related("lab").visible_to(_user(self.request)).distinct()
        ref = self.request.query_params.get("ref")
        return rows.filter(ref=ref) if ref else rows


class _AtStripe(Door):
    """POSTs that lead to Stripe: the same answer each time by nature, and never inside a transaction."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        APIView.initial(self, request, *args, **kwargs)


class CheckoutView(_AtStripe):
    """The payment page of a funding. Asking twice gives the same page."""

    @extend_schema(request=None, responses=CheckoutSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        rows = Funding.objects.visible_to(_user(request)).distinct()
        funding = get_object_or_404(rows, public_id=public_id)
        return Response({"url": actions.start_checkout(funding=funding, by=_user(request))})


class RefundSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, DoorSet):
    """What goes back to a lab; `?ref=prj_…`. Owners ask; one request may draw on several payments."""

    queryset = Refund.objects.select_related("funding")
    serializer_class = RefundSerializer

    def get_queryset(self) -> QuerySet[Refund]:
        rows = Refund.objects.select_related("funding__lab").visible_to(_user(self.request)).distinct()
        ref = self.request.query_params.get("ref")
        return rows.filter(funding__ref=ref) if ref else rows

    @extend_schema(request=AskedRefundSerializer, responses={201: RefundSerializer(many=True)})
    def create(self, request: Request) -> Response:
        """Send unspent, unreserved funds back, the youngest payment first."""
        asked = AskedRefundSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = actions.refund_funds(
            lab=_lab_of(request, asked.validated_data["ref"]), by=_user(request), **asked.validated_data
        )
        return Response(RefundSerializer(made, many=True).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=RefundSerializer)
    @action(methods=["post"], detail=True)
    def cancel(self, request: Request, public_id: str) -> Response:
        """Keep the money after all, before Stripe knows of it."""
        return Response(RefundSerializer(actions.cancel_refund(refund=self.get_object(), by=_user(request))).data)


class RefundableView(Door):
    """What of a project's funds can go back now; `?ref=prj_…`."""

    @extend_schema(
        parameters=[OpenApiParameter("ref", str, required=True), OpenApiParameter("currency", str)],
        responses=RefundableSerializer,
    )
    def get(self, request: Request) -> Response:
        ref, currency = request.query_params.get("ref", ""), request.query_params.get("currency", "usd")
        _lab_of(request, ref)
        return Response({"amount": balance_of(ref, currency).refundable, "currency": currency})


def _lab_of(request: Request, ref: str) -> Lab:
    """The lab that has paid for `ref`. Raises Http404 where this person sees none of its payments."""
    rows = Funding.objects.visible_to(_user(request)).select_related("lab").filter(ref=ref)
    if (funding := rows.first()) is None:
        raise Http404
    return funding.lab


class DisputeSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, DoorSet):
    """Payments that banks contest; `?ref=prj_…`. Evidence is handed in by Quorum."""

    queryset = Dispute.objects.select_related("funding")
    serializer_class = DisputeSerializer

    def get_queryset(self) -> QuerySet[Dispute]:
        rows = Dispute.objects.select_related("funding").visible_to(_user(self.request)).distinct()
        ref = self.request.query_params.get("ref")
        return rows.filter(funding__ref=ref) if ref else rows


class CancelFundingView(Door):
    """Take back a request to pay. A payment that arrives all the same goes back, less Stripe's fee."""

    @extend_schema(request=None, responses=FundingSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        rows = Funding.objects.select_related("lab").visible_to(_user(request)).distinct()
        funding = get_object_or_404(rows, public_id=public_id)
        return Response(FundingSerializer(actions.cancel_funding(funding=funding, by=_user(request))).data)


class EarningSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, DoorSet):
    """What one has earned; `?state=approved|sent|paid|failed`."""

    queryset = Earning.objects.all()
    serializer_class = EarningSerializer

    def get_queryset(self) -> QuerySet[Earning]:
        return statements.earnings_of(_user(self.request), self.request.query_params.get("state", ""))


class PayoutSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, DoorSet):
    """Transfers to one's account at Stripe, and from there to the bank."""

    queryset = Payout.objects.all()
    serializer_class = PayoutSerializer

    def get_queryset(self) -> QuerySet[Payout]:
        return Payout.objects.visible_to(_user(self.request))


class PayeeView(Door):
    """How one is paid. POST chooses the country, before any work is done."""

    @extend_schema(responses=PayeeSerializer)
    def get(self, request: Request) -> Response:
        user = _user(request)
        if not may(user, Permission.PAYOUT_SETUP, owner=user):
            raise Http404  # a lab's key: how its maker is paid is no matter of the lab
        return Response(PayeeSerializer(get_object_or_404(Payee, user=user)).data)

    @extend_schema(request=PayeeSerializer, responses=PayeeSerializer)
    def post(self, request: Request) -> Response:
        given = PayeeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = _user(request)
        payee = actions.choose_country(user=user, country=given.validated_data["country"], by=user)
        return Response(PayeeSerializer(payee).data)


class PayeeBankView(Door):
    """Bank details, where `route` is `manual`."""

    @extend_schema(request=BankSerializer, responses=PayeeSerializer)
    def post(self, request: Request) -> Response:
        given = BankSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = _user(request)
        payee = get_object_or_404(Payee.objects.select_related("user"), user=user)
        kept = actions.give_bank_details(payee=payee, details=given.validated_data, by=user)
        return Response(PayeeSerializer(kept).data)


class PayeeLinkView(_AtStripe):
    """A fresh link to Stripe's own form. It lives for minutes."""

    @extend_schema(request=LinkSerializer, responses=CheckoutSerializer)
    def post(self, request: Request) -> Response:
        given = LinkSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = _user(request)
        payee = get_object_or_404(Payee.objects.select_related("user"), user=user)
        return Response({"url": actions.onboarding_link(payee=payee, by=user, **given.validated_data)})


class PayeeRefreshView(_AtStripe):
    """Ask Stripe how the account stands now."""

    @extend_schema(request=None, responses=PayeeSerializer)
    def post(self, request: Request) -> Response:
        user = _user(request)
        payee = get_object_or_404(Payee.objects.select_related("user"), user=user)
        return Response(PayeeSerializer(actions.refresh_payee(payee=payee, by=user)).data)


router = SimpleRouter()
router.register("fundings", FundingSet, basename="funding")
router.register("refunds", RefundSet, basename="refund")
router.register("disputes", DisputeSet, basename="dispute")
router.register("earnings", EarningSet, basename="earning")
router.register("payouts", PayoutSet, basename="payout")

api_urls: list[URLPattern | URLResolver] = [
    path("refunds/available/", RefundableView.as_view(), name="refundable"),
    path("fundings/<str:public_id>/checkout/", CheckoutView.as_view(), name="funding-checkout"),
    path("fundings/<str:public_id>/cancel/", CancelFundingView.as_view(), name="funding-cancel"),
    path("payee/", PayeeView.as_view(), name="payee"),
    path("payee/bank/", PayeeBankView.as_view(), name="payee-bank"),
    path("payee/link/", PayeeLinkView.as_view(), name="payee-link"),
    path("payee/refresh/", PayeeRefreshView.as_view(), name="payee-refresh"),
    path("", include(router.urls)),
]
