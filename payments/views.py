"""The browser's door, and Stripe's."""

from __future__ import annotations

from collections.abc import Iterable
from tempfile import TemporaryFile

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.forms import country_name
from accounts.roles import Permission, may
from accounts.web import refusals_on, signed_in, told
from payments import actions, statement_pdf, statements
from payments.balances import balance_of
from payments.forms import BankForm, CountryForm, EarningsForm
from payments.gateway import BadWebhook, GatewayError
from payments.late import late_by_hand
from payments.models import Due, Earning, Funding, Payee, Payout
from payments.queries import earning_totals, moved_because, payee_country, taking_back
from payments.queries_paid import payments_into


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, endpoint: str) -> HttpResponse:
    """Verify, store, answer. A job does the rest."""
    try:
        new = actions.receive(
            endpoint=endpoint, body=request.body, signature=request.headers.get("Stripe-Signature", "")
        )
    except BadWebhook as refusal:
        return JsonResponse({"code": refusal.code, "message": refusal.message}, status=400)
    return JsonResponse({"received": True, "new": new})


def _narrowing(request: HttpRequest) -> tuple[EarningsForm, QuerySet[Earning]]:
    form = EarningsForm(request.GET)
    form.is_valid()
    given = {name: value for name, value in form.cleaned_data.items() if value}
    return form, statements.narrowed(statements.earnings_of(signed_in(request), given.pop("state", "")), **given)


@login_required
@require_GET
def earnings(request: HttpRequest) -> HttpResponse:
    """What one has earned, line by line, and how far each line has come."""
    user = signed_in(request)
    form, rows = _narrowing(request)
    page = Paginator(rows, 25).get_page(request.GET.get("page"))
    payee = Payee.objects.filter(user=user).first()
    by_hand = payee is not None and payee.route == Payee.Route.MANUAL
    context = {
        "form": form,
        "lines": [(earning, statements.steps(earning, by_hand=by_hand)) for earning in page],
        "page_obj": page,
        "narrowed": any(form.cleaned_data.values()),
        "totals": earning_totals(user),
        "owed": Due.objects.filter(payee=user, status=Due.Status.OWED).order_by("pk"),
        "payee": payee,
        "late": late_by_hand(user) if by_hand else [],
        "taking_back": taking_back(user),
        "leaves": "leaves with the next batch of bank transfers"
        if by_hand
        else "leaves within the hour once you can be paid",
    }
    return render(request, "payments/earnings.html", context)


@login_required
@require_GET
def earnings_csv(request: HttpRequest) -> StreamingHttpResponse:
    _, rows = _narrowing(request)
    return download(statements.csv_lines(rows.iterator(chunk_size=500)), "earnings.csv")


@login_required
@require_GET
def earnings_pdf(request: HttpRequest) -> FileResponse:
    """The same lines as the CSV, for reading and for filing away."""
    user = signed_in(request)
    form, rows = _narrowing(request)
    given = {name: value for name, value in form.cleaned_data.items() if value}
    since, until = given.pop("since", None), given.pop("until", None)
    head = statement_pdf.Head(
        name=user.name,
        email=user.email,
        person=user.public_id,
        country=country_name(payee_country(user)) or "not known yet",
        period=statements.period(since, until),
        zone=timezone.get_current_timezone_name(),
        selection=f"A selection only, by {', '.join(given)}" if given else "",
    )
    file = TemporaryFile()  # noqa: SIM115  the response closes it
    statement_pdf.write(file, head, rows.iterator(chunk_size=500))
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename="earnings.pdf", content_type="application/pdf")


@login_required
@require_GET
def earnings_years(request: HttpRequest) -> HttpResponse:
    """A statement for each month and year in which one earned something."""
    user = signed_in(request)
    payee = Payee.objects.filter(user=user).first()
    context = {"years": statements.years_of(user), "payee": payee, "country": country_name(payee_country(user))}
    return render(request, "payments/statements.html", context)


def download(lines: Iterable[str], name: str) -> StreamingHttpResponse:
    """A CSV file, line by line."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


@login_required
@require_GET
def payouts(request: HttpRequest) -> HttpResponse:
    user, state = signed_in(request), request.GET.get("state", "")
    rows = Payout.objects.visible_to(user).select_related("line", "against").order_by("-pk")
    if state in Payout.Status.values:
        rows = rows.filter(status=state)
    page = Paginator(rows, 25).get_page(request.GET.get("page"))
    payee = Payee.objects.filter(user=user).first()
    context = {"page_obj": page, "payee": payee, "state": state, "states": Payout.Status.choices}
    return render(request, "payments/payouts.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def payout_setup(request: HttpRequest) -> HttpResponse:
    """Where one is paid; then Stripe's own form."""
    user = signed_in(request)
    payee = Payee.objects.filter(user=user).first()
    form = CountryForm(request.POST or None, initial={"country": payee.country if payee else ""})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            payee = actions.choose_country(user=user, country=form.cleaned_data["country"], by=user)
            by_hand = payee.route == Payee.Route.MANUAL
            return redirect("payments:bank_details") if by_hand else _to_stripe(request, payee)
    context = {"form": form, "payee": payee, "country": country_name(payee.country) if payee else ""}
    return render(request, "payments/payout_setup.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def bank_details(request: HttpRequest) -> HttpResponse:
    """What being paid by hand means, and where the money goes. What was given before is never shown again."""
    user = signed_in(request)
    payee = get_object_or_404(Payee.objects.select_related("user"), user=user, route=Payee.Route.MANUAL)
    form = BankForm(request.POST or None, initial={"holder": user.name})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            actions.give_bank_details(payee=payee, details=form.cleaned_data, by=user)
            messages.success(request, "Your bank details are saved. What you earn goes out with the next batch.")
            return redirect("payments:payout_setup")
    context = {"form": form, "payee": payee, "country": country_name(payee.country)}
    context |= {"days": settings.QUORUM_MANUAL_DAYS, "moved": moved_because(payee)}
    return render(request, "payments/bank_details.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def payout_continue(request: HttpRequest) -> HttpResponse:
    """Back to Stripe's form: its links live for minutes, so each visit gets a new one."""
    payee = get_object_or_404(Payee, user=signed_in(request), route=Payee.Route.STRIPE)
    return _to_stripe(request, payee)


def _to_stripe(request: HttpRequest, payee: Payee) -> HttpResponse:
    here = settings.QUORUM_PUBLIC_URL + reverse("payments:payout_return")
    try:
        url = actions.onboarding_link(payee=payee, return_url=here, refresh_url=here, by=signed_in(request))
    except GatewayError as refusal:
        messages.error(request, refusal.message)
        return redirect("payments:payout_setup")
    return redirect(url)


@login_required
@require_GET
def payout_return(request: HttpRequest) -> HttpResponse:
    """Coming back from Stripe proves nothing: the page asks Stripe by itself (htmx), or at the press of a button."""
    return render(request, "payments/payout_return.html", {"payee": get_object_or_404(Payee, user=signed_in(request))})


@login_required
@require_POST
def payee_refresh(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    payee = get_object_or_404(Payee.objects.select_related("user"), user=user)
    try:
        payee = actions.refresh_payee(payee=payee, by=user)
    except GatewayError as refusal:
        messages.error(request, refusal.message)
    if request.headers.get("HX-Request"):
        return render(request, "payments/payout_return.html#state", {"payee": payee, "asked": True})
    return redirect("payments:payout_return")


def _funding(request: HttpRequest, funding_id: str) -> Funding:
    found = Funding.objects.visible_to(signed_in(request)).filter(public_id=funding_id).distinct().first()
    if found is None:
        raise Http404
    return found


@login_required
@require_GET
def funding(request: HttpRequest, funding_id: str) -> HttpResponse:
    """Where the lab lands after paying. It says what Stripe has confirmed, never what the browser claims."""
    found = _funding(request, funding_id)
    waiting = found.status in (Funding.Status.PENDING, Funding.Status.PROCESSING)
    part = "#state" if request.headers.get("HX-Request") else ""
    context = {"funding": found, "waiting": waiting, "spendable": found.amount - found.stripe_fee}
    free = balance_of(found.ref, found.currency).spendable
    mine = [line for line in payments_into(found.ref, free=free, currency=found.currency) if line.funding == found]
    context["idle"] = mine[0] if mine and mine[0].returns_at else None
    context["may_fund"] = may(signed_in(request), Permission.PROJECT_FUND, lab=found.lab)
    return render(request, f"payments/funding.html{part}", context)


@login_required
@require_POST
def funding_cancel(request: HttpRequest, funding_id: str) -> HttpResponse:
    found = _funding(request, funding_id)
    with told(request, "Cancelled. Nobody can pay on its page any more."):
        actions.cancel_funding(funding=found, by=signed_in(request))
    return redirect("payments:funding", funding_id)
