"""Our books beside Stripe's: each line of theirs is stored once, matched with ours, and what is left over is said.

Reading takes a call per hundred lines; matching is one statement per meaning, however many lines there are.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.events import record
from payments import gateway, ledger
from payments.actions.funding import refresh_funding
from payments.actions.outbox import confirm_reversal, confirm_transfer
from payments.models import AccountKind, BalanceTransaction, Funding, Reconciliation, Reversal
from payments.stripe_lines import MEANINGS, Meaning, types_of

logger = logging.getLogger(__name__)

OVERLAP: Final = timedelta(hours=48)
PATIENCE: Final = timedelta(hours=1)  # for a line of Stripe's to appear after we have booked
AT_ONCE: Final = 2_000  # rows of one INSERT
MOST_ADOPTED: Final = 1_000  # in one run
SHOWN: Final = 200  # findings kept with a run

# What of ours each meaning is: (ref, source at Stripe, net, currency, when we booked it). A new one is one line.
OURS: Final[dict[Meaning, str]] = {
    Meaning.FUNDING: "SELECT public_id, charge_id, amount - stripe_fee, currency, paid_at"
    " FROM payments_funding WHERE status = 'paid'",
    Meaning.PAYOUT: "SELECT public_id, transfer_id, -amount, currency, sent_at"
    " FROM payments_payout WHERE transfer_id IS NOT NULL",
    Meaning.REVERSAL: "SELECT public_id, reversal_id, amount, currency, done_at"
    " FROM payments_reversal WHERE reversal_id IS NOT NULL",
    Meaning.REFUND: "SELECT public_id, refund_id, -amount, currency, sent_at"
    " FROM payments_refund WHERE refund_id IS NOT NULL",
    Meaning.REFUND_BACK: "SELECT public_id, refund_id, amount, currency, sent_at"
    " FROM payments_refund WHERE refund_id IS NOT NULL AND status = 'failed'",
    Meaning.HOUSE: "SELECT key, meta ->> 'source', (meta ->> 'net')::bigint, meta ->> 'currency', at"
    " FROM ledger_entry WHERE kind = 'house'",
    Meaning.DISPUTE: "SELECT key, meta ->> 'source', (meta ->> 'net')::bigint, meta ->> 'currency', at"
    " FROM ledger_entry WHERE kind = 'dispute'",
}


def reconcile(*, full: bool = False, currency: str = "usd", by: Actor = SYSTEM) -> Reconciliation:
    """Read, match, adopt what is safely ours, and write down what is odd. Call it outside transactions.

    Raises gateway errors where Stripe does not answer: then nothing is concluded.
    """
    authorise(by, Permission.MONEY_OPERATE)
    started = timezone.now()
    newest = BalanceTransaction.objects.order_by("-created_at").values_list("created_at", flat=True).first()
    since = None if full or newest is None else newest - OVERLAP
    read = store_lines(since=since, by=by)
    _match()
    adopted = _adopt(by)
    _match()
    held = gateway.balance()
    store_lines(since=started - OVERLAP, by=by)  # what moved while we read
    _match()
    return _conclude(held, started_at=started, full=since is None, read=read, adopted=adopted, currency=currency, by=by)


def store_lines(*, since: datetime | None, by: Actor = SYSTEM) -> int:
    """Keep each line once. Returns how many were new. Each batch is a statement of its own."""
    authorise(by, Permission.MONEY_OPERATE)
    before = BalanceTransaction.objects.count()
    lines = gateway.balance_lines(since=since)
    while batch := list(itertools.islice(lines, AT_ONCE)):
        BalanceTransaction.objects.bulk_create(
            (
                BalanceTransaction(
                    txn_id=line.id,
                    type=line.type,
                    source=line.source or "",
                    amount=line.amount,
                    fee=line.fee,
                    net=line.net,
                    currency=line.currency,
                    created_at=line.created_at,
                )
                for line in batch
            ),
            ignore_conflicts=True,
        )
    return BalanceTransaction.objects.count() - before


@transaction.atomic
def _match() -> None:
    with connection.cursor() as cursor:
        for meaning, ours in OURS.items():
            cursor.execute(
                f"UPDATE payments_balancetransaction t SET matched = left(o.ref, 40)"  # noqa: S608 ours
                f" FROM ({ours}) AS o (ref, source, net, currency, at)"
                " WHERE t.matched = '' AND t.type = ANY(%s) AND t.net = o.net AND t.currency = o.currency"
                " AND o.source = CASE WHEN t.source = '' THEN t.txn_id ELSE t.source END",
                [types_of(meaning)],
            )


def _adopt(by: Actor) -> int:
    """Book what Stripe did first: a payment whose webhook never came, a transfer whose answer was lost, its own bills.

    One that cannot be adopted does not hold up the others: it stays without a match, and is said to be odd.
    Returns how many were found to be ours.
    """
    safe = [kind for kind, meaning in MEANINGS.items() if meaning in ADOPT]
    lines = BalanceTransaction.objects.filter(matched="", type__in=safe).order_by("pk")
    return sum(_adopt_one(line, by) for line in lines[:MOST_ADOPTED])


def _adopt_one(line: BalanceTransaction, by: Actor) -> bool:
    try:
        return ADOPT[MEANINGS[line.type]](line, by)
    except Exception:
        logger.exception("%s could not be adopted", line)
        return False


def _adopt_funding(line: BalanceTransaction, by: Actor) -> bool:
    funding = Funding.objects.filter(public_id=gateway.funding_of_charge(line.source)).first()
    if funding is None or not Funding.TRANSITIONS[funding.status]:
        return False
    return refresh_funding(funding=funding, by=by).status == Funding.Status.PAID


def _adopt_payout(line: BalanceTransaction, by: Actor) -> bool:
    return confirm_transfer(transfer_id=line.source, by=by) is not None


def _adopt_reversal(line: BalanceTransaction, by: Actor) -> bool:
    facts = gateway.reversal_of_line(line.txn_id)
    if facts is None or confirm_transfer(transfer_id=facts.transfer, by=by) is None:
        return False
    return confirm_reversal(facts=facts, by=by).status == Reversal.Status.DONE


@transaction.atomic
def _adopt_house(line: BalanceTransaction, by: Actor) -> bool:
    clearing, house = (AccountKind.STRIPE_CLEARING, ""), (AccountKind.HOUSE, "")
    ledger.post(
        key=f"house:{line.txn_id}",
        kind="house",
        lines=ledger.transfer(line.net, debit=clearing, credit=house),
        currency=line.currency,
        meta={"source": line.source or line.txn_id, "net": line.net, "currency": line.currency, "type": line.type},
    )
    return True


ADOPT: Final[dict[Meaning, Callable[[BalanceTransaction, Actor], bool]]] = {
    Meaning.FUNDING: _adopt_funding,
    Meaning.PAYOUT: _adopt_payout,
    Meaning.REVERSAL: _adopt_reversal,
    Meaning.HOUSE: _adopt_house,
}


@transaction.atomic
def _conclude(held: dict[str, int], *, currency: str, by: Actor, **run: Any) -> Reconciliation:
    """Both sides summed by one statement. Whoever is told, is told when what is odd changes, not every hour."""
    with connection.cursor() as cursor:
        findings = [*_theirs(cursor), *_ours(cursor, currency)]
        sums = _sums(cursor, currency)
    difference = sums["ledger"] - sums["ours_unseen"] + sums["theirs_unbooked"] - held.get(currency, 0)
    if difference:
        findings.append({"what": "difference", "ref": "", "type": "", "net": difference, "at": ""})
    findings += [
        {"what": "other currency", "ref": other, "type": "", "net": amount, "at": ""}
        for other, amount in held.items()
        if other != currency and amount
    ]
    before = Reconciliation.objects.order_by("pk").last()
    made = Reconciliation.objects.create(
        **run, **sums, stripe=held.get(currency, 0), currency=currency, findings=findings[:SHOWN]
    )
    if made.findings and (before is None or before.findings != made.findings):
        record("reconciliation.red", made.public_id, by=by, data={"findings": len(findings)})
    return made


def _theirs(cursor: Any) -> list[dict[str, Any]]:
    """Lines of Stripe's that nothing of ours explains. A type that we do not know is one, whatever its amount."""
    cursor.execute(
        "SELECT CASE WHEN type = ANY(%s) THEN 'theirs, not ours' ELSE 'unknown type' END, txn_id, type, net, created_at"
        " FROM payments_balancetransaction WHERE matched = '' AND type <> ALL(%s) ORDER BY created_at LIMIT %s",
        [list(MEANINGS), types_of(Meaning.INSIDE), SHOWN],
    )
    return [_finding(row) for row in cursor.fetchall()]


def _ours(cursor: Any, currency: str) -> list[dict[str, Any]]:
    """What we have booked for longer than an hour, and Stripe shows no line of."""
    found = []
    for meaning, ours in OURS.items():
        cursor.execute(
            f"SELECT 'ours, not theirs', o.ref, %s, o.net, o.at FROM ({ours}) AS o (ref, source, net, currency, at)"  # noqa: S608
            f" WHERE o.at < %s AND o.currency = %s AND {UNSEEN} ORDER BY o.at LIMIT %s",
            [meaning, timezone.now() - PATIENCE, currency, SHOWN],
        )
        found += [_finding(row) for row in cursor.fetchall()]
    return found


UNSEEN: Final = (
    "NOT EXISTS (SELECT FROM payments_balancetransaction t"
    " WHERE t.source IN (o.source, '') AND t.matched = left(o.ref, 40))"
)


def _sums(cursor: Any, currency: str) -> dict[str, int]:
    unseen = " UNION ALL ".join(
        f"SELECT net FROM ({ours}) AS o (ref, source, net, currency, at) WHERE o.currency = %(currency)s AND {UNSEEN}"  # noqa: S608
        for ours in OURS.values()
    )
    cursor.execute(
        f"""
        SELECT coalesce((SELECT sum(p.amount) FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id
                         WHERE a.kind = 'stripe_clearing' AND a.currency = %(currency)s), 0),
               coalesce((SELECT sum(net) FROM ({unseen}) AS unseen), 0),
               coalesce((SELECT sum(net) FROM payments_balancetransaction
                         WHERE matched = '' AND currency = %(currency)s AND type <> ALL(%(inside)s)), 0),
               (SELECT count(*) FROM ledger_entry), coalesce((SELECT max(id) FROM ledger_entry), 0),
               (SELECT count(*) FROM payments_balancetransaction WHERE matched <> '')
        """,  # noqa: S608 ours
        {"currency": currency, "inside": types_of(Meaning.INSIDE)},
    )
    names = ("ledger", "ours_unseen", "theirs_unbooked", "entries", "last_entry", "matched")
    return {name: int(value) for name, value in zip(names, cursor.fetchone(), strict=True)}


def _finding(row: tuple[Any, ...]) -> dict[str, Any]:
    what, ref, kind, net, at = row
    return {"what": what, "ref": ref, "type": kind, "net": net, "at": at.isoformat()}
