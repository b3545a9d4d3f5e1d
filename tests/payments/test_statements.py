"""The expert's statement: narrowed, searched, by month and year; and what ops read of a whole year."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from core.errors import Invalid, NotAllowed
from payments import actions, statements
from payments.models import Earning, Payee
from tests import people
from tests.payments.stories import earned
from tests.payments.test_doors import emil, read

__all__ = ["emil"]
pytestmark = pytest.mark.django_db
LEAP_DAY = datetime(2024, 2, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("narrowing", "shown"),
    [
        ("kind=task", 4),
        ("kind=appeal", 0),
        ("ref=prj_aaaaaaaaaaaaaaaa", 4),
        ("ref=prj_none", 0),
        ("since=2020-01-01", 4),
        ("until=2020-01-01", 0),
        ("since=yesterday", 4),
        ("q=sub_paid", 1),
        ("q=sub", 0),
    ],
)
def test_earnings_are_narrowed(emil: Payee, client: Client, narrowing: str, shown: int) -> None:
    page = read(client, reverse("payments:earnings") + f"?{narrowing}")
    assert page.count("<article") == shown
    assert ("could not be read" in page) is (narrowing == "since=yesterday")
    answer: Any = client.get(reverse("payments:earnings_csv") + f"?{narrowing}")
    assert len(list(answer.streaming_content)) == shown + 1


def test_every_reference_finds_its_line(emil: Payee, client: Client) -> None:
    line = Earning.objects.get(source="sub_paid")
    payout = line.allocations.get().payout
    for reference in (line.public_id, payout.public_id, payout.transfer_id, payout.bank_payout_id):
        page = read(client, reverse("payments:earnings") + f"?q={reference}")
        assert "sub_paid" in page
        assert page.count("<article") == 1


def test_months_and_years_have_statements(emil: Payee, client: Client) -> None:
    Earning.objects.filter(source="sub_paid").update(booked_at=LEAP_DAY)
    Earning.objects.filter(source="sub_sent").update(booked_at=datetime(2024, 1, 5, tzinfo=UTC))
    years = statements.years_of(emil.user)
    assert [(year.since.year, year.pay, year.lines, len(months)) for year, months in years] == [
        (datetime.now(tz=UTC).year, 8_000, 2, 1),
        (2024, 8_000, 2, 2),
    ]
    page = read(client, reverse("payments:earnings_years"))
    assert "February 2024" in page
    assert "since=2024-02-01&amp;until=2024-02-29" in page
    assert "Quorum files no tax forms" in page
    month: Any = client.get(reverse("payments:earnings_csv") + "?since=2024-02-01&until=2024-02-29")
    assert [row["source"] for row in rows_of(month)] == ["sub_paid"]
    client.force_login(people.user("Farah"))
    assert "No statements yet" in read(client, reverse("payments:earnings_years"))


def test_ops_download_what_everybody_earned_in_a_year(emil: Payee, client: Client) -> None:
    Earning.objects.filter(source="sub_paid").update(booked_at=datetime(2024, 12, 31, 23, 59, tzinfo=UTC))
    User.objects.filter(pk=emil.user.pk).update(name="=Emil")
    url = reverse("admin:payments_earning_year", args=[2024])
    assert client.get(url).status_code in (302, 403)  # Emil is not ops
    client.force_login(people.ops())
    rows = [(row["name"], row["country"], row["currency"], row["earned"]) for row in rows_of(client.get(url))]
    assert rows == [("'=Emil", "DK", "usd", "40.00")]
    assert client.get(reverse("admin:payments_earning_year", args=[0])).status_code == 404
    listed = read(client, reverse("admin:payments_earning_changelist"))
    assert f"Totals of {datetime.now(tz=UTC).year}" in listed


def test_how_far_a_tax_form_is_stands_beside_the_totals_and_only_ops_say_so(emil: Payee, client: Client) -> None:
    assert "Tax form: not on file." in read(client, reverse("payments:earnings_years"))
    with pytest.raises(NotAllowed):
        actions.record_tax_form(payee=emil, status="on_file", by=emil.user, note="W-8BEN")
    with pytest.raises(Invalid, match="which form"):
        actions.record_tax_form(payee=emil, status="asked", by=people.ops(), note=" ")
    client.force_login(people.ops())
    for button, status in (("tax_asked", "asked"), ("tax_on_file", "on_file")):
        client.post(reverse("admin:payments_payee_do", args=[emil.pk, button]), {"words": "W-8BEN, in the safe"})
        emil.refresh_from_db()
        assert emil.tax_form == status
    url = reverse("admin:payments_earning_year", args=[datetime.now(tz=UTC).year])
    assert [row["tax_form"] for row in rows_of(client.get(url))] == ["on_file"]
    client.force_login(emil.user)
    assert "Tax form: on file." in read(client, reverse("payments:earnings_years"))


def test_the_page_asks_no_more_for_many_lines_than_for_few(
    emil: Payee, client: Client, django_assert_max_num_queries: Any
) -> None:
    url = reverse("payments:earnings")
    read(client, url)  # whatever is asked once and kept
    with CaptureQueriesContext(connection) as few:
        read(client, url)
    for number in range(15):
        earned(emil.user, source=f"sub_{number}")
    with django_assert_max_num_queries(len(few)):
        assert read(client, url).count("<article") == 19


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))
