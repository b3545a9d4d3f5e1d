"""The sandbox's pages and controls: what a person, or a test of other processes, does instead of the world."""

from __future__ import annotations

import pytest
import requests

from payments import gateway
from payments.sandbox import disputes
from tests.payments.sandbox.steps import checkout, paid_charge, press, recipient, transfer_terms
from tests.sandbox import LocalStripe

KEY = {"Authorization": "Bearer sk_test_x"}


def test_every_page_says_what_it_is_and_runs_no_script(stripe: LocalStripe) -> None:
    session = checkout(method="bank")
    account = recipient(stripe)
    link = gateway.onboarding_url(account, return_url="http://localhost/r", refresh_url="http://localhost/r")
    stripe.pay(session.id, "us_bank_account")
    customer = gateway.create_customer(lab="lab_1", name="Meridian AI", key="customer:lab_1")
    other = gateway.start_checkout(
        funding="fnd_2", customer=customer, method="card", group="g", title="<b>Funds</b>", amount=100, currency="usd",
        success_url="http://localhost/ok", cancel_url="http://localhost/no", key="other",
    )  # fmt: skip
    for path in ("/", "/objects/account", "/objects/refund", "/deliveries", "/clock", session.url, other.url, link):
        answer = requests.get(path if path.startswith("http") else stripe.url + path, timeout=5)
        assert answer.status_code == 200
        assert "Sandbox money." in answer.text
        assert "<script" not in answer.text
        assert "style=" not in answer.text
        assert "script-src" not in answer.headers["Content-Security-Policy"]  # default-src 'none' covers it
    assert "&lt;b&gt;Funds" in requests.get(other.url, timeout=5).text
    assert requests.get(f"{stripe.url}/sandbox.css", timeout=5).headers["Content-Type"].startswith("text/css")
    assert requests.get(f"{stripe.url}/nowhere", timeout=5).status_code == 404
    assert requests.get(f"{stripe.url}/pay/cs_none", timeout=5).status_code == 404


def test_the_payment_page_pays_declines_and_cancels(stripe: LocalStripe) -> None:
    session = checkout()
    assert press(session.url, "cancel").headers["Location"] == "http://localhost/no"
    assert press(session.url, "decline").status_code == 303
    assert "declined" in requests.get(session.url, timeout=5).text
    assert press(session.url, "card").headers["Location"] == f"http://localhost/ok?s={session.id}"
    assert gateway.checkout(session.id).payment_status == "paid"
    assert "over" in requests.get(session.url, timeout=5).text
    assert press(session.url, "card").status_code == 400


def test_the_onboarding_page_leads_back(stripe: LocalStripe) -> None:
    account = recipient(stripe, "needs_info")
    link = gateway.onboarding_url(account, return_url="http://localhost/r", refresh_url="http://localhost/r")
    assert press(link, "nonsense").status_code == 400
    assert press(link, "unsupported").headers["Location"] == "http://localhost/r"
    assert gateway.recipient(account).status == "unsupported"


def test_the_desk_moves_the_clock_settles_debits_and_closes_banks(stripe: LocalStripe) -> None:
    session = checkout(method="bank")
    stripe.pay(session.id, "us_bank_account")
    assert press(f"{stripe.url}/settle/{session.id}", "arrives").status_code == 303
    assert gateway.checkout(session.id).payment_status == "paid"
    before = stripe.sandbox.now()
    assert press(f"{stripe.url}/clock", "2").status_code == 303
    assert stripe.sandbox.now() - before >= 2 * 86_400
    assert press(f"{stripe.url}/clock", "a year").status_code == 400
    account = recipient(stripe)
    assert press(f"{stripe.url}/bank/{account}", "account_closed").status_code == 303
    assert "account_closed" in requests.get(f"{stripe.url}/objects/account", timeout=5).text


def test_a_bank_contests_a_charge_and_decides_once(stripe: LocalStripe) -> None:
    desk = f"{stripe.url}/dispute"
    charge = paid_charge(stripe)
    assert "The bank disputes it" in requests.get(f"{stripe.url}/objects/charge", timeout=5).text
    assert press(f"{desk}/{charge}", "inquiry").headers["Location"] == "/objects/dispute"
    assert press(f"{desk}/{charge}", "dispute").status_code == 400
    (found,) = stripe.sandbox.store.all("dispute")
    assert "Hand in evidence" in requests.get(f"{stripe.url}/objects/dispute", timeout=5).text
    for act, answer in (("evidence", 303), ("evidence", 400), ("withdraw", 303), ("withdraw", 400), ("lost", 303)):
        assert press(f"{desk}/{found['id']}", act).status_code == answer
    assert press(f"{desk}/{found['id']}", "won").status_code == 400
    assert "Hand in evidence" not in requests.get(f"{stripe.url}/objects/dispute", timeout=5).text


def test_evidence_can_be_kept_back_until_it_is_complete(stripe: LocalStripe) -> None:
    made = disputes.dispute(stripe.sandbox, paid_charge(stripe))
    staged = disputes.submit_evidence(stripe.sandbox, made["id"], {"evidence": {"note": "so"}, "submit": False})
    assert (staged["status"], staged["evidence_details"]["submission_count"]) == ("needs_response", 0)
    assert disputes.submit_evidence(stripe.sandbox, made["id"], {})["status"] == "under_review"


def test_a_refund_fails_once_from_its_page(stripe: LocalStripe) -> None:
    terms = {"amount": 100, "currency": "usd", "charge": paid_charge(stripe), "refund": "rfd_1"}
    refund = gateway.send_refund(terms, key="refund:rfd_1")
    assert "Let it fail" in requests.get(f"{stripe.url}/objects/refund", timeout=5).text
    assert press(f"{stripe.url}/refund/{refund.id}", "fail").headers["Location"] == "/objects/refund"
    assert press(f"{stripe.url}/refund/{refund.id}", "fail").status_code == 400
    assert "Let it fail" not in requests.get(f"{stripe.url}/objects/refund", timeout=5).text


def test_the_desk_has_every_way_in_which_money_goes_back(stripe: LocalStripe) -> None:
    desk = f"{stripe.url}/_sandbox"
    assert "None yet." in requests.get(desk, timeout=5).text
    terms = transfer_terms(stripe)
    sent = gateway.send_transfer(terms, key="k")
    charge = terms["source_transaction"]
    refund = gateway.send_refund({"amount": 100, "charge": charge, "refund": "rfd_1"}, key="r")
    page = requests.get(desk, timeout=5)
    for words in (charge, refund.id, sent.id, "$40.00", "The bank disputes it", "Let it fail", "Send now"):
        assert words in page.text
    assert "<script" not in page.text
    assert page.text.count("waiting") >= 4  # of what it tells, nothing has been heard yet
    for act, what in (
        (f"dispute/{charge}", "dispute"),
        (f"refund/{refund.id}", "fail"),
        (f"reverse/{sent.id}", "half"),
        (f"reverse/{sent.id}", "all"),
    ):
        assert press(f"{desk}/{act}", what).headers["Location"] == "/_sandbox"
    (dispute,) = stripe.sandbox.store.all("dispute")
    page = requests.get(desk, timeout=5)
    for words in ("needs_response", "succeeded, disputed", "failed", "$40.00 came back"):
        assert words in page.text
    assert press(f"{desk}/dispute/{dispute['id']}", "won").status_code == 303
    assert press(f"{desk}/reverse/{sent.id}", "all").status_code == 400  # nothing of it is left
    assert [made["amount"] for made in stripe.sandbox.store.all("reversal")] == [2_000, 2_000]
    assert press(f"{stripe.url}/reverse/{sent.id}", "half").status_code == 400
    assert "Reverse all of it" not in requests.get(f"{stripe.url}/objects/transfer", timeout=5).text


def test_reversals_are_listed_and_none_exceeds_its_transfer(stripe: LocalStripe) -> None:
    terms = transfer_terms(stripe)
    sent = gateway.send_transfer(terms, key="k")
    made = gateway.send_reversal({"transfer": sent.id, "amount": 100, "reversal": "rev_1"}, key="r")
    assert gateway.reversal(sent.id, made.id) == made
    assert gateway.reversals_of(sent.id) == [made]
    with pytest.raises(gateway.Rejected, match="greater than unreversed"):
        gateway.send_reversal({"transfer": sent.id, "amount": 4_000, "reversal": "rev_2"}, key="s")


def test_an_account_loses_and_regains_what_it_may_do(stripe: LocalStripe) -> None:
    account = recipient(stripe)
    assert press(f"{stripe.url}/capability/{account}", "needs_info").headers["Location"] == "/objects/account"
    assert gateway.recipient(account).status == "restricted"
    assert press(f"{stripe.url}/capability/{account}", "nonsense").status_code == 400


def test_tests_of_other_processes_have_controls(stripe: LocalStripe) -> None:
    account = recipient(stripe)
    for path, wish in (
        ("clock", {"days": 1}),
        ("faults", {"fault": "429", "path": "/v1/transfers", "times": 1}),
        ("bank", {"account": account, "state": "account_closed"}),
    ):
        assert requests.post(f"{stripe.url}/_sandbox/{path}", json=wish, timeout=5).status_code == 200
    assert stripe.server.api.faults == [("429", "/v1/transfers")]
    assert requests.delete(f"{stripe.url}/v1/transfers", headers=KEY, timeout=5).status_code == 404
