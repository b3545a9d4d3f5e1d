"""Nothing is paid only for spam and fraud, and only Quorum's own people can say that it is."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Notice
from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.events import drain
from payments.models import Earning
from tasks import queries_promises as promises
from tasks.actions import (
    accept,
    appeal,
    auto_accept_due,
    confirm_fraud,
    decide_appeal,
    dismiss_report,
    lapse_report,
    reject,
    report_fraud,
    return_for_rework,
)
from tasks.models import Report, Review, Submission
from tests.books import contradictions
from tests.people import api_client_for, ops, sign_in, user
from tests.tasks.scene import FEE, PAY, fresh, handed_in, money, owed, pass_time, project

pytestmark = pytest.mark.django_db

SPAM = "The same text stands in forty answers."
FOUND = "We compared the forty answers: they are one text, pasted."


def reported(work: Submission | None = None) -> Report:
    return report_fraud(submission=work or handed_in(project(1)), words=SPAM, by=user("Rosa"))


def settle() -> None:
    """What PostgreSQL looks at when a transaction ends, looked at now."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_a_labs_reviewer_cannot_leave_work_unpaid() -> None:
    work = handed_in(project(1))
    with pytest.raises(Invalid, match="published reasons"):
        reject(submission=work, by=user("Rosa"), reason="fraud", note=SPAM)
    report = reported(work)
    for act in (confirm_fraud, dismiss_report):
        for name in ("Rosa", "Ada", "Emil"):
            with pytest.raises(NotAllowed):
                act(report=report, answer=FOUND, by=user(name))
    assert fresh(work).status == Submission.Status.SUBMITTED
    assert money(work.project) == (0, PAY + FEE)


def test_a_report_changes_nothing_and_the_clock_goes_on() -> None:
    work = handed_in(project(1))
    report = reported(work)
    assert fresh(work).decide_by == work.decide_by
    pass_time(work, days=10)
    assert auto_accept_due() == 1
    drain()
    assert owed(work.expert) == PAY
    assert fresh(report).status == Report.Status.LAPSED
    with pytest.raises(WrongState):
        confirm_fraud(report=fresh(report), answer=FOUND, by=ops())


@pytest.mark.parametrize("decision", ["accept", "return", "reject"])
def test_the_lab_may_still_decide_and_that_ends_the_report(decision: str) -> None:
    work = handed_in(project(1))
    report = reported(work)
    assert not lapse_report(submission=work)  # nobody has decided yet
    if decision == "accept":
        accept(submission=work, by=user("Rosa"))
    elif decision == "return":
        return_for_rework(submission=work, by=user("Rosa"), note="In your own words, please.")
    else:
        reject(submission=work, by=user("Rosa"), reason="low_effort", note="Pasted.")
    with pytest.raises(WrongState, match="cannot be rejected for fraud"):
        confirm_fraud(report=report, answer=FOUND, by=ops())
    drain()
    assert fresh(report).status == Report.Status.LAPSED
    assert owed(work.expert) == {"accept": PAY, "return": 0, "reject": PAY // 2}[decision]


def test_ops_find_fraud_in_words_and_nothing_is_paid() -> None:
    work = handed_in(project(1))
    report = reported(work)
    with pytest.raises(Invalid, match="what you looked at"):
        confirm_fraud(report=report, answer=" ", by=ops())
    confirm_fraud(report=report, answer=FOUND, by=ops())
    settle()
    assert (fresh(work).status, fresh(work).reason) == ("rejected", "fraud")
    assert not Earning.objects.exists()
    kept = promises.of_project(work.project)
    assert (kept.nothing.count, kept.rejected.count, kept.nothing.n) == (1, 1, 1)
    assert money(work.project) == (0, PAY + FEE)  # all of it waits for an appeal
    review = Review.objects.get()
    assert (review.reviewer, review.reason, review.note) == (ops(), "fraud", FOUND)
    assert contradictions() == []
    drain()
    told = Notice.objects.get(user=user("Emil"), title__startswith="Not accepted")
    assert FOUND in told.body
    assert "appeal within 7 days" in told.body
    assert Notice.objects.filter(user=user("Rosa"), title__startswith="What you reported is spam or fraud").exists()


def test_an_appeal_against_it_goes_to_somebody_else_and_pays_in_full() -> None:
    work = handed_in(project(1))
    confirm_fraud(report=reported(work), answer=FOUND, by=ops())
    opened = appeal(submission=fresh(work), words="The forty are mine: one text, forty tasks.", by=user("Emil"))
    with pytest.raises(Refused, match="somebody else"):
        decide_appeal(appeal=opened, overturn=False, answer="No.", by=ops())
    decide_appeal(appeal=opened, overturn=True, answer="They are.", by=ops("Petra"))
    settle()
    assert owed(work.expert) == PAY
    assert contradictions() == []


def test_an_appeal_that_is_lost_gives_the_whole_reserve_back() -> None:
    work = handed_in(project(1))
    confirm_fraud(report=reported(work), answer=FOUND, by=ops())
    opened = appeal(submission=fresh(work), words="No.", by=user("Emil"))
    decide_appeal(appeal=opened, overturn=False, answer="Yes.", by=ops("Petra"))
    assert money(work.project)[0] == PAY + FEE
    assert owed(work.expert) == 0
    assert contradictions() == []


def test_what_is_neither_goes_on_as_before_and_is_not_reported_twice() -> None:
    work = handed_in(project(1))
    report = reported(work)
    with pytest.raises(Refused, match="reported before"):
        reported(work)
    dismiss_report(report=report, answer="Two of forty are alike.", by=ops())
    with pytest.raises(Refused, match="reported before"):
        reported(work)
    with pytest.raises(WrongState):
        confirm_fraud(report=fresh(report), answer=FOUND, by=ops("Petra"))
    drain()
    assert Notice.objects.filter(user=user("Rosa"), title__contains="neither spam nor fraud").exists()
    accept(submission=work, by=user("Rosa"))
    assert owed(work.expert) == PAY


def test_what_is_decided_is_not_reported_and_nobody_decides_on_their_own() -> None:
    with pytest.raises(WrongState, match="waits for a decision"):
        reported(accept(submission=handed_in(project(1)), by=user("Rosa")))
    report = reported()
    user("Emil", is_staff=True)
    with pytest.raises(Refused, match="your own work"):
        confirm_fraud(report=report, answer=FOUND, by=user("Emil"))
    user("Ada", is_staff=True)
    with pytest.raises(Refused, match="lab"):
        confirm_fraud(report=report, answer=FOUND, by=user("Ada"))


# --- What PostgreSQL refuses, whoever writes --------------------------------------------------------------------------


def leave_unpaid(work: Submission, reason: str) -> None:
    Submission.objects.filter(pk=work.pk).update(
        status="rejected", reason=reason, appeal_by=work.decide_by, decided_at=work.submitted_at
    )
    settle()


@pytest.mark.parametrize("reason", ["incorrect", "fraud"])
def test_no_rejection_commits_without_half_the_pay(reason: str) -> None:
    work = handed_in(project(1))
    reported(work)
    with pytest.raises(IntegrityError, match="has not earned half"), transaction.atomic():
        leave_unpaid(work, reason)
    reject(submission=work, by=user("Rosa"), reason="incorrect", note="Wrong.")
    settle()


@pytest.mark.parametrize("name", ["Rosa", "Olu"])
def test_no_review_says_fraud_without_a_report_that_ops_confirmed(name: str) -> None:
    work = handed_in(project(1))
    report = reported(work)
    with pytest.raises(IntegrityError, match="Only ops find fraud"), transaction.atomic():
        Review.objects.create(submission=work, verdict="reject", reason="fraud", note=SPAM, reviewer=user(name))
    given: dict[str, Any] = {"status": "confirmed", "answer": FOUND, "decided_by": user("Ada")}
    Report.objects.filter(pk=report.pk).update(**given)  # by an owner of the lab, behind every rule's back
    with pytest.raises(IntegrityError, match="Only ops find fraud"), transaction.atomic():
        Review.objects.create(submission=work, verdict="reject", reason="fraud", note=SPAM, reviewer=user("Ada"))


@pytest.mark.parametrize("wrong", [{"decided_by": None}, {"answer": ""}, {"by_the_reporter": True}])
def test_no_report_is_decided_by_nobody_without_words_or_by_who_made_it(wrong: dict[str, Any]) -> None:
    report = reported()
    given: dict[str, Any] = {"status": "confirmed", "answer": FOUND, "decided_by": ops(), **wrong}
    if given.pop("by_the_reporter", False):
        given["decided_by"] = report.reported_by
    with pytest.raises(IntegrityError, match="decided_by_another_with_words"), transaction.atomic():
        Report.objects.filter(pk=report.pk).update(**given)


# --- The doors --------------------------------------------------------------------------------------------------------


def test_rosa_reports_on_the_page_olu_decides_in_the_admin_and_emil_reads_why(client: Client) -> None:
    work = handed_in(project(1))
    address = reverse("tasks:submission", args=[work.public_id])
    sign_in(client, user("Rosa"))
    assert "Report spam or fraud" in client.get(address).text
    decide = reverse("tasks:decide", args=[work.public_id])
    empty = client.post(decide, {"verdict": "report", "report-words": ""})
    assert (empty.status_code, "Say what shows" in empty.text) == (422, True)
    page = client.post(decide, {"verdict": "report", "report-words": SPAM}, follow=True).text
    assert "your clock goes on" in page
    assert "Being looked at" in page
    assert 'id="report"' not in page  # once
    drain()
    report = Report.objects.get()
    desk = reverse("admin:tasks_report_change", args=[report.pk])
    assert Notice.objects.get(user=ops()).url == desk

    sign_in(client, ops())
    assert report.public_id in client.get(reverse("admin:tasks_report_changelist")).text
    assert "Spam or fraud: pay nothing" in client.get(desk).text
    press = reverse("admin:tasks_report_do", args=[report.pk, "confirm"])
    assert "done" in client.post(press, {"words": FOUND}, follow=True).text

    sign_in(client, user("Emil"))
    page = client.get(reverse("tasks:bench", args=[work.public_id])).text
    assert "Nothing is paid for this answer." in page
    assert FOUND in page
    assert "Send the appeal" in page
    assert "None of it earned" in client.get(reverse("tasks:my_work")).text

    sign_in(client, user("Rosa"))
    page = client.get(address).text
    assert "Found to be so" in page
    assert FOUND in page


def test_petra_dismisses_and_the_page_says_so(client: Client) -> None:
    work = handed_in(project(1))
    report = reported(work)
    sign_in(client, ops("Petra"))
    client.post(reverse("admin:tasks_report_do", args=[report.pk, "dismiss"]), {"words": "Forty differ."})
    page = sign_in(client, user("Rosa")).get(reverse("tasks:submission", args=[work.public_id])).text
    assert "Neither" in page
    assert "Forty differ." in page
    auto_accept_due()


def test_a_labs_script_reports_and_cannot_reject_for_fraud() -> None:
    work = handed_in(project(1))
    ada = api_client_for(user("Ada"), work.project.lab)
    at = f"/api/v1/submissions/{work.public_id}"
    refused = ada.post(f"{at}/reviews/", {"verdict": "reject", "reason": "fraud", "note": SPAM}, format="json")
    assert refused.status_code == 400
    made = ada.post(f"{at}/report/", {"words": SPAM}, format="json")
    assert (made.status_code, made.json()["status"]) == (201, "open")
    again = ada.post(f"{at}/report/", {"words": SPAM}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "reported_before")


def test_the_offer_says_who_alone_can_leave_work_unpaid(client: Client) -> None:
    ice = project(2)
    handed_in(ice)
    page = sign_in(client, user("Emil")).get(reverse("tasks:offer", args=[ice.public_id])).text
    assert "Quorum decides that, never the lab" in page
