"""36, 37. What the code itself must keep to, and who may do what with money."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from core.errors import NotAllowed
from payments import actions, audit, gateway
from payments.actions import inbox
from payments.audit import ledger_check
from tests import people
from tests.payments.stories import PROJECT, earned, funded, owed_a_minimum, payee
from tests.rules.house import ROOT, modules, name_of, tree
from tests.sandbox import LocalStripe

OURS = [path for path in modules() if name_of(path).startswith("payments/")]


def test_37_entries_are_posted_by_actions_only() -> None:
    found = {
        name_of(path)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("ledger.post", "ledger.reverse")
    }
    assert found == {
        "payments/actions/adjustments.py",
        "payments/actions/disputes.py",
        "payments/actions/funding.py",
        "payments/actions/funds.py",
        "payments/actions/manual.py",
        "payments/actions/netting.py",
        "payments/actions/payouts.py",
        "payments/actions/reconciling.py",
        "payments/actions/refunds.py",
        "payments/actions/reversals.py",
    }
    inside = {name_of(path) for path in modules() if re.search(r"ledger_post\(|INSERT INTO ledger", path.read_text())}
    assert inside == {"payments/ledger.py"}


def test_stripe_is_imported_by_the_gateway_and_the_sandbox_only() -> None:
    found = set()
    for path in modules():
        for node in ast.walk(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "stripe" for name in names):
                found.add(name_of(path))
    assert not {name for name in found if not name.startswith(("payments/sandbox/", "payments/gateway/"))}
    assert any(name.startswith("payments/gateway/") for name in found)


def test_36_no_float_touches_money() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in OURS
        if not name_of(path).startswith(("payments/sandbox/", "payments/management/", "payments/gateway/"))
        and name_of(path) != "payments/statement_pdf.py"  # its fractions are places on a sheet of paper
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div))
        or (isinstance(node, ast.Call) and ast.unparse(node.func) == "float")
    ]
    assert found == []


def test_36_templates_make_no_fraction_of_an_amount() -> None:
    """Amounts are shown by `money.show`; shares and means may have decimals."""
    pages = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    fractions = {name.split(".")[-1] for name in re.findall(r"([\w.]+)\|(?:floatformat|stringformat)", pages)}
    amounts = re.compile(r"(^|_)(amount|pay|fee|cost|total|balance|funds|free|reserved|earned|owed|paid|budget|rate)$")
    assert "value" in fractions
    assert not {name for name in fractions if amounts.search(name)}
    assert "widthratio" not in pages


# Everything that moves money, and what it is given; nobody but ops and the product itself may.
OPERATE: dict[str, Callable[..., Any]] = {
    "dispatch": actions.dispatch,
    "make_payouts": lambda by: actions.pay_out(payee=None, by=by),  # type: ignore[arg-type]
    "process": actions.process,
    "process_one": lambda by: inbox.process_one(event=None, by=by),  # type: ignore[arg-type]
    "try_again": lambda by: actions.try_again(event=None, by=by),  # type: ignore[arg-type]
    "receive": lambda by: actions.receive(endpoint="platform", body=b"", signature="", by=by),
    "apply_checkout": lambda by: actions.apply_checkout(facts=None, by=by),  # type: ignore[arg-type]
    "apply_recipient": lambda by: actions.apply_recipient(facts=None, by=by),  # type: ignore[arg-type]
    "apply_bank_payout": lambda by: actions.apply_bank_payout(facts=None, by=by),  # type: ignore[arg-type]
    "retry_payout": lambda by: actions.retry_payout(payout=None, by=by),  # type: ignore[arg-type]
    "cancel_payout": lambda by: actions.cancel_payout(payout=None, by=by, note=""),  # type: ignore[arg-type]
    "complete": lambda by: actions.complete(row=None, sent=None, by=by),  # type: ignore[arg-type]
    "adopt": lambda by: actions.adopt(row=None, remote_id="", by=by),  # type: ignore[arg-type]
    "confirm_transfer": lambda by: actions.confirm_transfer(transfer_id="", by=by),
    "confirm_refund": lambda by: actions.confirm_refund(facts=None, by=by),  # type: ignore[arg-type]
    "apply_refund": lambda by: actions.apply_refund(facts=None, by=by),  # type: ignore[arg-type]
    "confirm_reversal": lambda by: actions.confirm_reversal(facts=None, by=by),  # type: ignore[arg-type]
    "apply_reversal": lambda by: actions.apply_reversal(facts=None, by=by),  # type: ignore[arg-type]
    "propose_reversal": lambda by: actions.propose_reversal(payout=None, amount=1, reason="x", by=by),  # type: ignore[arg-type]
    "agree_reversal": lambda by: actions.agree_reversal(reversal=None, by=by),  # type: ignore[arg-type]
    "refuse_reversal": lambda by: actions.refuse_reversal(reversal=None, by=by, note=""),  # type: ignore[arg-type]
    "expire_reversals": lambda by: actions.expire_reversals(by=by),
    "retry_now": lambda by: actions.retry_now(row=None, by=by),  # type: ignore[arg-type]
    "give_up": lambda by: actions.give_up(row=None, by=by, note=""),  # type: ignore[arg-type]
    "close_event": lambda by: actions.close_event(event=None, by=by, note=""),  # type: ignore[arg-type]
    "send_anew": lambda by: actions.send_anew(row=None, by=by, note=""),  # type: ignore[arg-type]
}


@pytest.mark.django_db
@pytest.mark.parametrize("act", OPERATE)
@pytest.mark.parametrize("name", ["Ada", "Emil"])
def test_37_only_ops_and_the_product_operate_money(act: str, name: str) -> None:
    people.lab()
    with pytest.raises(NotAllowed):
        OPERATE[act](by=people.user(name))


BREAK = {
    "I1": "UPDATE ledger_posting SET amount = amount + 1 WHERE id = (SELECT min(id) FROM ledger_posting)",
    "I2": "UPDATE ledger_posting SET amount = amount + 1 WHERE id = (SELECT min(id) FROM ledger_posting)",
    "I3": "UPDATE ledger_account SET balance = balance + 1 WHERE kind = 'project_funds'",
    "I4": "ALTER TABLE ledger_account DROP CONSTRAINT ledger_floor; "
    "UPDATE ledger_account SET balance = -1 WHERE kind = 'project_funds'",
    "I5": "DELETE FROM ledger_posting WHERE entry_id = (SELECT min(id) FROM ledger_entry)",
    "I12": "UPDATE payments_reconciliation SET stripe = stripe + 1",
    "I15": "UPDATE payments_inboxevent SET processed_at = NULL, received_at = now() - interval '1 hour', "
    "due_at = now() - interval '1 hour'",
    "I8": "UPDATE payments_outbox SET state = 'failed' WHERE state = 'pending'",
    "I9": "UPDATE payments_outbox SET remote_id = 'tr_other' WHERE state = 'done'",
    "I10": "UPDATE payments_funding SET amount = 4000, stripe_fee = 0",
    "I11": "UPDATE payments_funding SET payment_intent_id = 'pi_other'",
    "I13": "UPDATE core_event SET after = 'restricted' WHERE name = 'payee.ready'",
    "I14": "UPDATE payments_earning SET pay = pay + 1",
    "I17": "DELETE FROM payments_due",
}


@pytest.mark.django_db
@pytest.mark.broken_books("each check must find its breach")
@pytest.mark.parametrize("invariant", BREAK)
def test_the_audit_sees_each_breach(stripe: LocalStripe, invariant: str) -> None:
    """The rules are broken behind the guards' back: an audit that cannot fail is none."""
    funded(stripe)
    emil = payee(stripe).user
    earned(emil)
    owed_a_minimum(emil)
    actions.make_payouts()
    actions.dispatch()
    earned(emil, source="sub_b")
    actions.make_payouts()
    actions.reconcile()
    assert ledger_check() == []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(BREAK[invariant])
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert invariant in {breach.invariant.split()[0] for breach in ledger_check()}


@pytest.mark.django_db
@pytest.mark.broken_books("each way in which a due and its earning may differ")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payments_due SET amount = amount + 1",
        "UPDATE payments_due SET currency = 'eur'",
        "UPDATE payments_due SET ref = 'prj_other'",
        "UPDATE payments_due SET source = 'sub_other'",
        "UPDATE payments_due SET kind = 'top_up'",
        "UPDATE payments_due SET payee_id = (SELECT id FROM accounts_user WHERE email LIKE 'ada%')",
        "UPDATE payments_due SET status = 'owed', earning_id = NULL",
        "UPDATE payments_due SET earning_id = (SELECT id FROM payments_earning WHERE kind = 'task')",
    ],
)
def test_i17_a_due_and_its_earning_are_one_story(stripe: LocalStripe, change: str) -> None:
    funded(stripe)
    people.user("Ada")
    emil = people.user("Emil")
    earned(emil)
    owed_a_minimum(emil)
    assert ledger_check() == []
    with connection.cursor() as cursor:
        cursor.execute(change)
        assert cursor.rowcount == 1
    assert "I17" in {breach.invariant.split()[0] for breach in ledger_check()}


@pytest.mark.django_db
@pytest.mark.broken_books("an entry is taken away behind the guards' back")
def test_i5_an_entry_that_is_gone_is_missed(stripe: LocalStripe) -> None:
    funded(stripe)
    actions.reconcile()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM ledger_posting; DELETE FROM ledger_entry WHERE kind = 'stripe_fee'")
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert "I5 no entry that a reconciliation counted is gone" in {breach.invariant for breach in ledger_check()}


def test_every_invariant_of_the_books_has_been_broken_once() -> None:
    assert {name.split()[0] for name in audit.CHECKS} == set(BREAK)


@pytest.mark.django_db
@pytest.mark.broken_books("they were sent money before they were ready")
def test_i13_ready_too_late_is_not_ready(stripe: LocalStripe) -> None:
    """The same people, the same events; only the hour in which the money went is another one."""
    funded(stripe)
    earned(payee(stripe).user)
    actions.make_payouts()
    actions.dispatch()
    assert ledger_check() == []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE core_event SET at = at - interval '1 hour' WHERE name = 'payout.sent'")
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert [breach.invariant.split()[0] for breach in ledger_check()] == ["I13"]


@pytest.mark.parametrize(("key", "live"), [("sk_live_x", True), ("rk_live_x", True), ("sk_test_x", False), ("", False)])
def test_live_money_is_known_by_its_key(settings: Any, key: str, live: bool) -> None:
    settings.STRIPE_SECRET_KEY = key
    assert gateway.is_live() is live


def test_without_a_base_the_gateway_leads_to_stripe_itself(settings: Any) -> None:
    settings.STRIPE_API_BASE = ""
    settings.STRIPE_SECRET_KEY = "sk_test_nobody"
    addresses = gateway.client()._requestor._options.base_addresses
    assert addresses["api"] == "https://api.stripe.com"


@pytest.mark.django_db
def test_a_broker_that_is_down_costs_no_money(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    from kombu.exceptions import OperationalError

    from payments import wake

    class Down:
        """What Celery does without its broker."""

        def send_task(self, name: str, **options: object) -> None:
            raise OperationalError("connection refused")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wake, "current_app", Down())
        wake.wake_outbox()
    assert "waits for the sweep" in caplog.text


@pytest.mark.django_db
def test_jobs_call_one_action_each(stripe: LocalStripe) -> None:
    from payments import jobs

    funded(stripe)
    earned(payee(stripe).user)
    jobs.make_payouts()
    jobs.dispatch_outbox()
    stripe.deliver()
    jobs.process_inbox()
    assert len(stripe.transfers()) == 1
    assert stripe.transfers()[0]["transfer_group"] == PROJECT
