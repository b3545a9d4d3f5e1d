"""The doors to payouts by hand: Juan's pages and API, and the desk where ops take the file out and bring it back."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.models import Event
from payments import actions, bank, statements
from payments.audit import ledger_check
from payments.models import Batch, Earning
from tests import people
from tests.payments.by_hand import ACCOUNT, DETAILS, TODAY, confirm, juan
from tests.payments.stories import earned, funded
from tests.payments.test_doors import read
from tests.sandbox import LocalStripe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_hand")]


def test_juan_is_told_at_once_what_it_means_and_gives_his_details(stripe: LocalStripe, client: Client) -> None:
    user = people.user("Juan")
    client.force_login(user)
    chosen = client.post(reverse("payments:payout_setup"), {"country": "MX"})
    page = reverse("payments:bank_details")
    assert chosen.headers["Location"] == page
    shown = read(client, page)
    for words in ("Stripe does not pay to Mexico", "Within 7 business days", "kept encrypted"):
        assert words in shown
    assert "need your bank details" in read(client, reverse("payments:earnings"))
    turned_down = client.post(page, {**DETAILS, "account": "GB82WEST12345698765433"})
    assert turned_down.status_code == 422
    assert "mistyped" in turned_down.content.decode()
    assert client.post(page, {"holder": "x"}).status_code == 422
    assert client.post(page, DETAILS).headers["Location"] == reverse("payments:payout_setup")
    setup = read(client, reverse("payments:payout_setup"))
    assert "ends in" in setup
    assert ACCOUNT not in setup + read(client, page)
    assert client.post(reverse("payments:payout_continue")).status_code == 404
    client.force_login(people.user("Emil"))
    assert client.get(page).status_code == 404


def test_the_statement_tells_the_way_of_a_bank_transfer(stripe: LocalStripe, client: Client) -> None:
    funded(stripe)
    row = juan()
    earned(row.user, source="sub_a")
    client.force_login(row.user)
    line = actions.make_batch(by=people.ops()).lines.get()
    earned(row.user, source="sub_later")
    earnings, payouts = reverse("payments:earnings"), reverse("payments:payouts")
    assert "Goes out with the next batch" in read(client, earnings)
    assert "within the hour" not in read(client, earnings)
    assert "one to five business days" in read(client, earnings + "?state=approved")
    assert f"Bank transfer {line}" in read(client, payouts)
    confirm(line)
    assert f"{TODAY:%d %b %Y}, TT-1" in read(client, earnings + "?state=paid")
    assert "reference TT-1" in read(client, payouts)
    for reference in (line.public_id, "TT-1"):
        assert "sub_a" in read(client, f"{earnings}?q={reference}")
    answer: Any = client.get(reverse("payments:earnings_csv"))
    rows = list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))
    assert (rows[1]["bank_references"], rows[1]["arrives_on"], rows[1]["transfers"]) == ("TT-1", f"{TODAY}", "")
    confirm(line, "failed")
    failed = read(client, earnings + "?state=failed")
    assert "The account is closed." in failed
    assert "Your bank sent a transfer back" in failed
    assert "Your bank sent a transfer back" in read(client, reverse("payments:bank_details"))
    assert [step.state for step in statements.steps(Earning.objects.get(source="sub_a"))] == ["done", "bad"]


def test_juan_may_use_the_api_and_his_account_never_comes_back(stripe: LocalStripe) -> None:
    user = people.user("Juan")
    api = people.api_client_for(user)
    assert api.post("/api/v1/payee/", {"country": "MX"}).json()["route"] == "manual"
    answer = api.post("/api/v1/payee/bank/", DETAILS)
    assert (answer.json()["status"], answer.json()["bank_hint"]) == ("ready", "9719")
    assert ACCOUNT not in answer.content.decode() + api.get("/api/v1/payee/").content.decode()
    wrong = api.post("/api/v1/payee/bank/", {**DETAILS, "code": "?"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "code")


def file_of(batch: Batch, client: Client) -> list[dict[str, str]]:
    answer: Any = client.post(reverse("admin:payments_batch_file", args=[batch.pk]))
    return list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))


def filled(rows: list[dict[str, str]], **answers: str) -> SimpleUploadedFile:
    text = "".join(bank.written([{**row, **answers} for row in rows]))
    return SimpleUploadedFile("answers.csv", text.encode(), content_type="text/csv")


def test_the_file_of_a_batch_that_does_not_exist_is_not_found(client: Client) -> None:
    client.force_login(people.ops())
    for door in ("file", "answers"):
        assert client.post(reverse(f"admin:payments_batch_{door}", args=["abc"])).status_code == 404


def test_ops_take_the_file_out_and_bring_it_back(stripe: LocalStripe, client: Client) -> None:
    funded(stripe)
    for name, country in (("Juan", "MX"), ("Kofi", "GH")):
        earned(juan(name, country).user, source=f"sub_{name}")
    client.force_login(people.ops())
    desk = reverse("admin:payments_batch_changelist")
    assert "<b>$80.00</b> for 2 people" in read(client, desk)
    made = client.post(reverse("admin:payments_batch_make"))
    batch = Batch.objects.get()
    page = reverse("admin:payments_batch_change", args=[batch.pk])
    assert made.headers["Location"] == page
    rows = file_of(batch, client)
    assert [(row["amount"], row["account"], row["country"]) for row in rows] == [
        ("40.00", ACCOUNT, "MX"), ("40.00", ACCOUNT, "GH"),
    ]  # fmt: skip
    assert file_of(batch, client) == rows  # the same file however often
    assert Event.objects.filter(name="batch.read", actor=people.ops()).count() == 2
    answers = reverse("admin:payments_batch_answers", args=[batch.pk])

    wrong = {"file": filled(rows, result="paid", reference="TT-1", date=f"{TODAY}", amount="1.00")}
    said = client.post(answers, wrong, follow=True).content.decode()
    assert "Row 1, amount: This line is 40.00." in said
    assert "2 things must be put right" in said

    half = {"file": filled(rows[:1], result="paid", reference="TT-1", date=f"{TODAY}")}
    assert "1 line booked." in client.post(answers, half, follow=True).content.decode()
    one = {"line": rows[1]["line"], "result": "failed", "reason": "The account is closed."}
    assert "1 line booked." in client.post(answers, one, follow=True).content.decode()
    assert (
        "Date: This column is missing."
        in client.post(
            answers, {"file": SimpleUploadedFile("x.csv", b"line,result,reference,reason\n")}, follow=True
        ).content.decode()
    )
    after = file_of(batch, client)
    assert [(row["result"], row["account"]) for row in after] == [("paid", ""), ("failed", "")]
    assert "0 lines booked." in client.post(answers, {"file": filled(after)}, follow=True).content.decode()
    assert "Nobody waits" in read(client, desk)
    assert "nothing to pay by hand" in client.post(reverse("admin:payments_batch_make"), follow=True).content.decode()
    assert "$40.00" in read(client, page)
    assert ACCOUNT not in read(client, page)
    assert "sub_" not in read(client, reverse("admin:payments_payee_changelist"))
    assert ledger_check() == []
