"""The lab's money on its pages and through the API: balances, movements with their causes, months, the forecast."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from core.events import drain
from payments import actions as payments
from payments import ledger
from payments.models import AccountKind, Entry, Funding
from projects.actions import close_project
from projects.models import Project
from tasks import queries_money
from tasks.actions import accept, cancel_seats, reject, settle_rejections_due, withdraw_task
from tasks.month_sheet import HEAD
from tasks.queries_pages import pseudonyms
from tests.payments.stories import funded
from tests.people import api_client_for, lab, ops, sign_in, user
from tests.sandbox import LocalStripe, stripe
from tests.tasks.scene import FEE, PAY, accepted, claimed, handed_in, pass_time, project

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db

V1 = "/api/v1"


@pytest.fixture
def mina(client: Client) -> Client:
    return sign_in(client, user("Mina"))


@pytest.fixture
def ice() -> Project:
    return project(tasks=4, claims_per_expert=4)


def get(client: Client, name: str, *args: str, expect: int = 200, **query: str) -> str:
    page = client.get(reverse(f"tasks:{name}", args=args), query)
    assert page.status_code == expect
    return " ".join(page.text.split())


def sheet(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))


def this_month() -> str:
    return f"{timezone.now():%Y-%m}"


# --- Every movement ---------------------------------------------------------------------------------------------------


def test_each_movement_says_why_and_leads_to_its_work_but_names_nobody(mina: Client, ice: Project) -> None:
    good, bad = handed_in(ice), handed_in(ice)
    accept(submission=good, by=user("Rosa"))
    reject(submission=bad, by=user("Rosa"), reason="incorrect", note="The lattice is the other way round.")
    held = claimed(ice)
    withdraw_task(task=held.task, by=user("Mina"))
    page = get(mina, "lines", ice.public_id)
    for words in ("Reserved for 4 seats", "Work accepted", "Part pay for rejected work", "Task withdrawn from whoever"):
        assert words in page
    assert reverse("tasks:submission", args=[good.public_id]) in page
    assert reverse("tasks:task", args=[held.task.public_id]) in page  # an answer that was never handed in has no page
    assert "Emil" not in page
    name = pseudonyms(ice.lab, [user("Emil").pk])[user("Emil").pk]
    assert page.count(name) == 4  # three lines, and what the expert earned in all
    assert "$10.00</span> to expert" in page
    assert "$2.00</span> platform fee" in page


@pytest.mark.parametrize("way", ["withdrawn", "closed", "complete", "rejected", "unclaimed"])
def test_what_comes_back_from_a_seat_says_why(mina: Client, way: str) -> None:
    ice = project(tasks=1, overlap=2)
    work = handed_in(ice)
    words = "Released from 1 seat: "
    if way == "withdrawn":
        withdraw_task(task=work.task, by=user("Mina"))
        words += "the task was withdrawn"
    elif way == "closed":
        close_project(project=ice, by=user("Mina"))
        drain()
        words += "the project is closed"
    elif way == "complete":
        ice.tasks.update(overlap=1)
        accept(submission=work, by=user("Rosa"))
        words += "the task has all its answers"
    elif way == "rejected":
        reject(submission=work, by=user("Rosa"), reason="incorrect", note="The other way round.")
        pass_time(work, days=30)
        settle_rejections_due()
        words += "the rejection is final"
    else:
        cancel_seats(project=ice, by=user("Mina"), why="unclaimed", about=work.task.public_id)
        words += "it was given back"
    assert words in get(mina, "lines", ice.public_id, group="seats")


def test_movements_are_narrowed_and_turned_over(mina: Client, ice: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        accept(submission=handed_in(ice), by=user("Rosa"))
    page = get(mina, "lines", ice.public_id, group="work")
    assert page.count("Work accepted") == 3
    assert "Reserved for 4 seats" not in page
    assert "Nothing like that" in get(mina, "lines", ice.public_id, group="refund")
    assert "Nothing like that" in get(mina, "lines", ice.public_id, until="2020-01-01")
    assert "Work accepted" in get(mina, "lines", ice.public_id, since="2020-01-01", until="9999-12-31")
    assert "could not be read" in get(mina, "lines", ice.public_id, since="yesterday")
    monkeypatch.setattr("tasks.views_money.PAGE", 2)
    first = mina.get(reverse("tasks:lines", args=[ice.public_id])).context
    assert len(first["lines"]) == 2
    older = get(mina, "lines", ice.public_id, before=str(first["older"]))
    assert "Newest" in older
    assert older.count("Work accepted") == 1
    assert get(mina, "lines", ice.public_id, before="x" * 30).count("Work accepted") >= 2


def test_a_project_without_money_says_so(mina: Client) -> None:
    dry = project(tasks=0)
    assert "No money has moved yet" in get(mina, "lines", dry.public_id)


def test_times_are_those_of_the_reader(client: Client, ice: Project) -> None:
    page = get(sign_in(client, user("Mina", time_zone="Asia/Tokyo")), "lines", ice.public_id)
    booked = Entry.objects.latest("pk").at
    assert "(Asia/Tokyo)" in page
    assert f"{booked + timedelta(hours=9):%H:%M}" in page


# --- The money page, the overview -------------------------------------------------------------------------------------


def test_the_money_page_adds_up(stripe: LocalStripe, mina: Client) -> None:
    ice = project(tasks=1, seats_for=0)
    funded(stripe, ref=ice.public_id)
    drain()
    accept(submission=handed_in(ice), by=user("Rosa"))
    payments.refund_funds(ref=ice.public_id, lab=ice.lab, amount=500, currency="usd", by=user("Ada"))
    balance = queries_money.balance(ice)
    assert (balance.funded, balance.spent, balance.processor, balance.refunded, balance.lost) == (
        100_000, PAY + FEE, 2_930, 500, 0,
    )  # fmt: skip
    page = get(mina, "spend", ice.public_id)
    for amount in ("$1,000.00", "$12.00", "$29.30", "$5.00"):
        assert amount in page
    assert "All of it can be sent back to you" in page
    lines = get(mina, "lines", ice.public_id)
    assert "Refund to you" in lines
    assert f'href="{reverse("tasks:refunds", args=[ice.public_id])}">rfd_' in lines


def test_what_has_no_page_of_the_labs_is_told_without_a_link(mina: Client) -> None:
    dry = project(tasks=0)
    with transaction.atomic():
        ledger.post(
            key="adjustment:adj_aaaaaaaaaaaaaaaa",
            kind="adjustment",
            currency="usd",
            lines=ledger.transfer(
                700, debit=(AccountKind.HOUSE, ""), credit=(AccountKind.PROJECT_FUNDS, dry.public_id)
            ),
            meta={"adjustment": "adj_aaaaaaaaaaaaaaaa"},
        )
    page = get(mina, "lines", dry.public_id)
    assert "Corrected by Quorum’s staff" in page
    assert '<small class="mono">adj_aaaaaaaaaaaaaaaa</small>' in page


def test_the_forecast_needs_data_and_states_its_basis(mina: Client) -> None:
    ice = project(tasks=14, seats_for=12, claims_per_expert=14)
    works = [handed_in(ice) for _ in range(5)]
    assert get(mina, "project", ice.public_id).count("Not enough data yet") >= 2
    for work in works:
        accept(submission=work, by=user("Rosa"))
    Project.objects.filter(pk=ice.pk).update(opened_at=timezone.now() - timedelta(days=40))
    page = get(mina, "spend", ice.public_id)
    assert "pay for 7 more answers; the tasks so far ask for 9 more" in page
    assert "About 9 days, until" in page  # seven seats at five a week
    assert "5 in 7 days" in page
    assert "About 39 days" in page
    Project.objects.filter(pk=ice.pk).update(opened_at=None)
    assert "Not enough data yet" in get(mina, "spend", ice.public_id)


def test_a_forecast_may_say_that_all_is_paid_for_or_done(mina: Client) -> None:
    ice = project(tasks=1)
    assert "The funds cover every answer" in get(mina, "spend", ice.public_id)
    accept(submission=handed_in(ice), by=user("Rosa"))
    assert "Every wanted answer is accepted" in get(mina, "spend", ice.public_id)


def test_the_lab_reads_how_it_kept_its_promises(mina: Client, ice: Project) -> None:
    assert "Missed clocks</dt> <dd>None" in get(mina, "project", ice.public_id)
    late = handed_in(ice)
    pass_time(late, days=30)
    page = get(mina, "project", ice.public_id)
    assert "0 accepted because nobody decided in time, 1 past the clock now" in page
    assert "<b>1</b>: 1 not decided in time" in page


# --- Billing ----------------------------------------------------------------------------------------------------------


def test_billing_sums_all_projects_of_one_lab(stripe: LocalStripe, mina: Client) -> None:
    one, two = project(tasks=1, seats_for=0), project(tasks=1, seats_for=0)
    foreign = project(tasks=1, lab=lab("Otter Labs"), seats_for=0)
    Project.objects.filter(pk=foreign.pk).update(title="Somebody else’s")
    for each in (one, two):
        funded(stripe, ref=each.public_id)
    drain()
    accept(submission=handed_in(one), by=user("Rosa"))
    page = get(mina, "billing", one.lab.public_id)
    assert "$2,000.00" in page
    assert "Somebody else’s" not in page
    assert f"{timezone.now():%B %Y}" in page
    assert page.count("fnd_") >= 2
    assert "Otter Labs" in page  # Mina manages both, and may switch
    statement = get(mina, "statement", one.lab.public_id, this_month())
    assert "+$2,000.00" in statement
    assert "−$10.00" in statement
    assert "not over yet" in statement
    assert "over yet" not in get(mina, "statement", one.lab.public_id, "2020-02")
    assert "No project had any money" in get(mina, "statement", one.lab.public_id, "2020-02")


def test_billing_shows_papers_where_a_payment_has_them(mina: Client) -> None:
    ice = project(tasks=1)
    funding = Funding.objects.create(ref=ice.public_id, lab=ice.lab, title="Funds", amount=500, currency="usd")
    assert "Invoice" not in get(mina, "billing", ice.lab.public_id)
    papers = {"invoice_url": "https://stripe.example/invoice", "receipt_url": "https://stripe.example/receipt"}
    Funding.objects.filter(pk=funding.pk).update(**papers)
    page = get(mina, "billing", ice.lab.public_id)
    assert all(url in page for url in papers.values())


def test_billing_before_there_is_anything(client: Client) -> None:
    home = reverse("tasks:billing_home")
    assert "No lab yet" in sign_in(client, user("Sam")).get(home).text
    meridian = lab()
    page = sign_in(client, user("Mina")).get(home, follow=True)
    assert page.redirect_chain[0][0] == reverse("tasks:billing", args=[meridian.public_id])
    assert "Nothing to bill yet" in page.text
    assert "No money has moved" in get(client, "statement", meridian.public_id, "2026-01")
    project(tasks=0)
    page_text = get(client, "billing", meridian.public_id)
    assert "No month yet" in page_text
    assert "No payment yet" in page_text


@pytest.mark.parametrize("month", ["2026-13", "autumn", "9999-12"])
def test_what_is_no_month_is_not_found(mina: Client, month: str) -> None:
    get(mina, "statement", lab().public_id, month, expect=404)


def test_currencies_are_kept_apart(mina: Client) -> None:
    project(tasks=0)
    euro = project(tasks=0)
    Project.objects.filter(pk=euro.pk).update(currency="eur")
    page = get(mina, "billing", euro.lab.public_id)
    assert "Projects, EUR" in page
    assert "Projects, USD" in page


def test_the_month_as_csv_is_every_line_with_its_cause_and_no_formula(mina: Client) -> None:
    ice = project(tasks=2)
    Project.objects.filter(pk=ice.pk).update(title="=cmd|' /C calc'!A0")
    work = handed_in(ice)
    accept(submission=work, by=user("Rosa"))
    url = reverse("tasks:month_csv", args=[ice.lab.public_id, this_month()])
    rows = sheet(mina.get(url))
    assert tuple(rows[0]) == HEAD
    assert [row["what"] for row in rows][:2] == ["Work accepted", "Reserved for 2 seats"]
    paid = rows[0]
    assert paid["title"].startswith("'=")
    assert (paid["pay"], paid["platform_fee"], paid["reserved_change"], paid["reserved_after"]) == (
        "10.00", "2.00", "-12.00", "12.00",
    )  # fmt: skip
    assert paid["expert"].startswith("xp_")
    assert paid["reference"] == work.public_id
    assert rows[1]["pay"] == ""
    assert sheet(mina.get(reverse("tasks:month_csv", args=[ice.lab.public_id, "2020-01"]))) == []


def test_billing_asks_no_more_for_many_projects_than_for_few(mina: Client) -> None:
    ice = project(tasks=1)
    url = reverse("tasks:billing", args=[ice.lab.public_id])

    def asked() -> int:
        mina.get(url)
        with CaptureQueriesContext(connection) as seen:
            mina.get(url)
        return len(seen)

    few = asked()
    for _ in range(3):
        accept(submission=handed_in(project(tasks=1)), by=user("Rosa"))
    assert asked() <= min(few, 14)


# --- The API ----------------------------------------------------------------------------------------------------------


def test_the_api_says_the_same(ice: Project) -> None:
    accept(submission=handed_in(ice), by=user("Rosa"))
    script = api_client_for(user("Ada"), lab=ice.lab)
    at = f"{V1}/projects/{ice.public_id}/money"
    money = script.get(f"{at}/").json()
    assert (money["currency"], money["balance"]["spent"], money["balance"]["reserved"]) == ("usd", 1_200, 3_600)
    assert money["forecast"] == script.get(f"{at}/forecast/").json()
    assert (money["forecast"]["seats"], money["forecast"]["wanted"], money["forecast"]["covered"]) == (3, 3, True)
    assert money["forecast"]["estimates"][0] == {
        "window": 7, "observed": 1, "approved": 1, "days": None, "until": None,
    }  # fmt: skip

    first = script.get(f"{at}/lines/?limit=2").json()
    second = script.get(first["next"]).json()
    lines = first["results"] + second["results"]
    assert [line["kind"] for line in lines] == ["earn_task", "reserve", "fund"]
    assert (second["next"], second["previous"]) == (None, None)
    assert (lines[0]["pay"], lines[0]["fee"], lines[0]["reserved"], lines[0]["reserved_after"]) == (
        PAY,
        FEE,
        -1_200,
        3_600,
    )
    assert lines[0]["expert"].startswith("xp_")
    assert [line["group"] for line in script.get(f"{at}/lines/?group=seats").json()["results"]] == ["seats"]
    assert script.get(f"{at}/lines/?until=2020-01-01").json()["results"] == []
    assert script.get(f"{at}/lines/?group=none").status_code == 400
    assert script.get(f"{at}/lines/?cursor=nonsense").status_code == 404

    billing = script.get(f"{V1}/labs/{ice.lab.public_id}/billing/").json()
    (books,) = billing["books"]
    assert (books["total"]["spent"], books["projects"][0]["id"]) == (1_200, ice.public_id)
    assert books["months"][0]["moved"]["pay"] == -PAY
    month = f"{V1}/labs/{ice.lab.public_id}/billing/{this_month()}/lines/"
    assert [row["entry"] for row in sheet(script.get(month))] == [line["id"] for line in lines]


def test_whose_money_it_is(ice: Project) -> None:
    """Everybody of the lab reads it, and ops; nobody else learns that it is there."""
    zoe = user("Zoe")
    other = lab("Otter Labs")
    other.memberships.create(user=zoe, role=Role.OWNER)
    at = f"{V1}/projects/{ice.public_id}/money"
    of_lab = f"{V1}/labs/{ice.lab.public_id}/billing"
    urls = [f"{at}/", f"{at}/lines/", f"{at}/forecast/", f"{of_lab}/", f"{of_lab}/{this_month()}/lines/"]
    for name in ("Ada", "Mina", "Rosa"):
        keyed = api_client_for(user(name), lab=ice.lab) if name == "Ada" else session(name)
        assert [keyed.get(url).status_code for url in urls] == [200] * 5, name
    assert [session(ops().name.split()[0]).get(url).status_code for url in urls] == [200] * 5
    emil = accepted("Emil", ice).user
    for stranger in (
        api_client_for(zoe, lab=other),
        api_client_for(emil),
        session("Sam"),
        api_client_for(user("Ada"), lab=other),
    ):
        assert [stranger.get(url).status_code for url in urls] == [404] * 5


def session(name: str) -> Client:
    return sign_in(Client(), user(name))


# --- Where one is -----------------------------------------------------------------------------------------------------


def test_every_page_of_a_lab_says_where_it_belongs(mina: Client, ice: Project) -> None:
    work = handed_in(ice)
    funding = Funding.objects.create(ref=ice.public_id, lab=ice.lab, title="Funds", amount=500, currency="usd")
    current = {
        reverse("tasks:submission", args=[work.public_id]): "Projects",
        reverse("tasks:task", args=[work.task.public_id]): "Projects",
        reverse("tasks:project", args=[ice.public_id]): "Projects",
        reverse("payments:funding", args=[funding.public_id]): "Billing",
        reverse("tasks:billing", args=[ice.lab.public_id]): "Billing",
        reverse("accounts:lab", args=[ice.lab.public_id]): "Lab",
    }
    for url, label in current.items():
        nav = mina.get(url).text.split('aria-label="Main"')[1].split("</nav>")[0]
        assert nav.count("aria-current") == 1, url
        assert f'aria-current="page">{label}<' in nav, url
    assert (
        "aria-current"
        not in mina.get(reverse("accounts:settings")).text.split('aria-label="Main"')[1].split("</nav>")[0]
    )
