"""The books' own invariants as SQL. Empty answers are good news; `manage.py ledger_audit` and the tests ask them all.

Numbers are those of the invariants in docs/money.md. What joins seats and money stands above, where seats are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection


@dataclass(frozen=True)
class Breach:
    """One row that contradicts an invariant."""

    invariant: str
    what: str


CHECKS: Final[dict[str, str]] = {
    "I1 every entry sums to zero per currency": """
        SELECT e.key || ' ' || a.currency || ' ' || sum(p.amount)
        FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id JOIN ledger_account a ON a.id = p.account_id
        GROUP BY e.key, a.currency HAVING sum(p.amount) <> 0 OR count(*) < 2
    """,
    "I2 all postings sum to zero per currency": """
        SELECT a.currency || ' ' || sum(p.amount)
        FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id
        GROUP BY a.currency HAVING sum(p.amount) <> 0
    """,
    "I3 stored balances are the sum of postings": """
        SELECT a.kind || ':' || a.ref || ' stores ' || a.balance || ', sums ' || coalesce(s.total, 0)
        FROM ledger_account a
        LEFT JOIN (SELECT account_id, sum(amount) AS total FROM ledger_posting GROUP BY account_id) s
            ON s.account_id = a.id
        WHERE a.tracked AND a.balance <> CASE a.side WHEN 'debit' THEN 1 ELSE -1 END * coalesce(s.total, 0)
    """,
    "I4 no floor is broken": """
        SELECT kind || ':' || ref || ' ' || balance FROM ledger_account WHERE floor0 AND balance < 0
    """,
    # The words of ledger._digest, written by the database.
    "I5 each entry is what its digest says": """
        SELECT e.key FROM ledger_entry e
        LEFT JOIN ledger_posting p ON p.entry_id = e.id LEFT JOIN ledger_account a ON a.id = p.account_id
        GROUP BY e.id HAVING e.digest <> encode(sha256(convert_to(
            '["' || e.kind || '", "' || coalesce(min(a.currency), '') || '", ['
            || coalesce(string_agg('["' || a.kind || '", "' || a.ref || '", ' || p.amount || ']', ', '
                                   ORDER BY a.kind COLLATE "C", a.ref COLLATE "C", p.amount), '')
            || ']]', 'UTF8')), 'hex')
    """,
    "I5 no entry that a reconciliation counted is gone": """
        SELECT r.public_id || ' counted ' || r.entries
        FROM (SELECT * FROM payments_reconciliation ORDER BY id DESC LIMIT 1) r
        WHERE (SELECT count(*) FROM ledger_entry e WHERE e.id <= r.last_entry) < r.entries
    """,
    "I12 what Stripe held at the last reconciliation is what the books say": """
        SELECT r.public_id || ' differs by ' || (r.ledger - r.ours_unseen + r.theirs_unbooked - r.stripe)
        FROM (SELECT * FROM payments_reconciliation ORDER BY id DESC LIMIT 1) r
        WHERE r.ledger - r.ours_unseen + r.theirs_unbooked <> r.stripe
    """,
    "I15 each event is processed, or visibly failed, within ten minutes": """
        SELECT event_id FROM payments_inboxevent
        WHERE processed_at IS NULL AND error = '' AND greatest(received_at, due_at) < now() - interval '10 minutes'
    """,
    "I8 what is in flight is what the outbox and open batches hold": """
        SELECT coalesce(a.ref, o.ref) || ' books ' || coalesce(a.balance, 0) || ', outbox ' || coalesce(o.total, 0)
        FROM (SELECT ref, sum(balance) AS balance FROM ledger_account WHERE kind = 'payout_in_flight' GROUP BY ref) a
        FULL JOIN (
            SELECT u.public_id AS ref, sum(owed.amount) AS total
            FROM (
                SELECT p.payee_id, p.amount FROM payments_outbox x JOIN payments_payout p ON p.public_id = x.subject
                WHERE x.state NOT IN ('done', 'failed')
                UNION ALL
                SELECT payee_id, amount FROM payments_batchline WHERE status = 'pending'
            ) owed JOIN accounts_user u ON u.id = owed.payee_id GROUP BY u.public_id
        ) o ON o.ref = a.ref
        WHERE coalesce(a.balance, 0) <> coalesce(o.total, 0)
    """,
    "I8 what goes back to labs is what the outbox holds": """
        SELECT coalesce(a.ref, o.ref) || ' books ' || coalesce(a.balance, 0) || ', outbox ' || coalesce(o.total, 0)
        FROM (SELECT ref, sum(balance) AS balance FROM ledger_account WHERE kind = 'refund_in_flight' GROUP BY ref) a
        FULL JOIN (
            SELECT f.ref, sum(r.amount) AS total
            FROM payments_outbox x JOIN payments_refund r ON r.public_id = x.subject
            JOIN payments_funding f ON f.id = r.funding_id
            WHERE x.state NOT IN ('done', 'failed') GROUP BY f.ref
        ) o ON o.ref = a.ref
        WHERE coalesce(a.balance, 0) <> coalesce(o.total, 0)
    """,
    "I9 each done delivery has one entry, each sent payout one delivery": """
        SELECT x.key FROM payments_outbox x LEFT JOIN ledger_entry e ON e.key = x.key
        WHERE x.state = 'done' AND x.op <> 'expiry' AND (e.id IS NULL OR e.meta ->> x.op IS DISTINCT FROM x.remote_id)
        UNION ALL
        SELECT e.key FROM ledger_entry e LEFT JOIN payments_outbox x ON x.key = e.key AND x.state = 'done'
        WHERE e.kind IN ('transfer', 'refund', 'reversal') AND x.id IS NULL
        UNION ALL
        SELECT p.public_id FROM payments_payout p
        LEFT JOIN payments_outbox x ON x.subject = p.public_id AND x.remote_id = p.transfer_id
        WHERE p.transfer_id IS NOT NULL AND x.id IS NULL
    """,
    "I9 each line of a batch has its entries, and no entry is without its line": """
        SELECT l.public_id || ' is ' || l.status || ', booked ' || coalesce(b.booked, 'nothing')
        FROM payments_batchline l LEFT JOIN LATERAL (
            SELECT string_agg(e.kind, ' ' ORDER BY e.kind COLLATE "C") AS booked FROM ledger_entry e
            WHERE e.key IN ('batch:' || l.public_id, 'manual:' || l.public_id, 'manual_back:' || l.public_id,
                            'manual_returned:' || l.public_id)
        ) b ON true
        WHERE CASE l.status
            WHEN 'pending' THEN b.booked IS DISTINCT FROM 'batch'
            WHEN 'paid' THEN b.booked IS DISTINCT FROM 'batch manual'
            ELSE coalesce(b.booked NOT IN ('batch manual_back', 'batch manual manual_returned'), true) END
        UNION ALL
        SELECT e.key FROM ledger_entry e LEFT JOIN payments_batchline l ON l.public_id = split_part(e.key, ':', 2)
        WHERE e.kind IN ('batch', 'manual', 'manual_back', 'manual_returned') AND l.id IS NULL
    """,
    "I9 a line of a batch is the sum of its payouts, and they are as far as it is": """
        SELECT l.public_id || ' is ' || l.amount || ', carries ' || coalesce(sum(p.amount), 0)
        FROM payments_batchline l LEFT JOIN payments_payout p ON p.line_id = l.id
        WHERE l.status <> 'failed'
        GROUP BY l.id
        HAVING coalesce(sum(p.amount), 0) <> l.amount OR bool_or(
            p.payee_id <> l.payee_id OR p.status <> l.status AND (p.status, l.status) <> ('reversed', 'paid'))
    """,
    "I9 what is taken back by hand is kept from later pay, and booked, or neither": """
        SELECT r.public_id || ' is ' || r.status || ', kept ' || coalesce(sum(p.amount), 0)
        FROM payments_reversal r
        LEFT JOIN payments_payout p ON p.against_id = r.id AND p.status = 'paid' AND p.currency = r.currency
        LEFT JOIN ledger_entry e ON e.key = 'netted:' || r.public_id
        WHERE r.by_hand
        GROUP BY r.id
        HAVING coalesce(sum(p.amount), 0) <> CASE r.status WHEN 'done' THEN r.amount ELSE 0 END
            OR (count(e.id) > 0) <> (r.status = 'done')
        UNION ALL
        SELECT e.key FROM ledger_entry e LEFT JOIN payments_reversal r ON r.public_id = split_part(e.key, ':', 2)
        WHERE e.kind = 'netted' AND r.by_hand IS NOT TRUE
    """,
    "I10 payouts and refunds never exceed their funding's charge less its fee": """
        SELECT f.public_id || ' carries ' || sum(c.amount)
        FROM payments_funding f JOIN (
            SELECT funding_id, amount FROM payments_allocation
            UNION ALL
            SELECT funding_id, amount FROM payments_refund WHERE status IN ('pending', 'sent', 'settled')
            UNION ALL
            SELECT p.funding_id, -r.amount FROM payments_reversal r JOIN payments_payout p ON p.id = r.payout_id
            WHERE r.status = 'done' AND r.proposed_by_id IS NOT NULL
        ) c ON c.funding_id = f.id
        GROUP BY f.id HAVING sum(c.amount) > f.amount - f.stripe_fee OR f.status <> 'paid'
    """,
    "I10 a payout is the sum of its allocations and of what came back unasked, from its own funding": """
        SELECT p.public_id
        FROM payments_payout p LEFT JOIN payments_allocation a ON a.payout_id = p.id
        WHERE p.status <> 'cancelled'
        GROUP BY p.id
        HAVING bool_or(a.funding_id IS DISTINCT FROM p.funding_id) AND count(a.id) > 0
            OR coalesce(sum(a.amount), 0) + coalesce((
                SELECT sum(r.amount) FROM payments_reversal r
                WHERE r.payout_id = p.id AND r.status = 'done' AND r.proposed_by_id IS NULL), 0) <> p.amount
    """,
    "I10 no more of a transfer comes back than it carried": """
        SELECT p.public_id FROM payments_payout p JOIN payments_reversal r ON r.payout_id = p.id
        WHERE r.status IN ('pending', 'done')
        GROUP BY p.id HAVING sum(r.amount) > p.amount
            OR (p.status = 'reversed') <> (coalesce(sum(r.amount) FILTER (WHERE r.status = 'done'), 0) = p.amount)
    """,
    "I10 no more of an earning is drawn than it is": """
        SELECT e.public_id FROM payments_earning e JOIN payments_allocation a ON a.earning_id = e.id
        GROUP BY e.id HAVING sum(a.amount) > e.pay
    """,
    "I10 what a person is owed is what no payout carries": """
        SELECT u.public_id || ' is owed ' || coalesce(b.balance, 0) || ', not carried ' || coalesce(x.total, 0)
        FROM accounts_user u
        LEFT JOIN (
            SELECT a.ref, sum(a.balance) AS balance FROM ledger_account a WHERE a.kind = 'expert_payable' GROUP BY a.ref
        ) b ON b.ref = u.public_id
        LEFT JOIN (
            SELECT payee_id, sum(amount) AS total FROM (
                SELECT payee_id, pay AS amount FROM payments_earning
                UNION ALL
                SELECT e.payee_id, -a.amount FROM payments_allocation a JOIN payments_earning e ON e.id = a.earning_id
                UNION ALL
                SELECT payee_id, amount FROM payments_payout WHERE status = 'failed' AND transfer_id IS NULL
                UNION ALL
                SELECT v.id, -g.amount FROM ledger_posting g JOIN ledger_entry n ON n.id = g.entry_id
                JOIN ledger_account c ON c.id = g.account_id JOIN accounts_user v ON v.public_id = c.ref
                WHERE c.kind = 'expert_payable' AND n.kind IN ('adjustment', 'reverse_adjustment')
            ) part GROUP BY payee_id
        ) x ON x.payee_id = u.id
        WHERE coalesce(b.balance, 0) <> coalesce(x.total, 0)
    """,
    "I10 fundings pay their own projects' work, and the platform its top-ups": """
        SELECT e.public_id
        FROM payments_earning e JOIN payments_allocation a ON a.earning_id = e.id
        LEFT JOIN payments_funding f ON f.id = a.funding_id
        WHERE f.ref IS DISTINCT FROM CASE WHEN e.kind <> 'top_up' THEN e.ref END
    """,
    "I10 what banks owe us back is what open disputes took": """
        SELECT d.public_id || ' has taken ' || d.withdrawn || ', booked ' || coalesce(b.booked, 0)
        FROM payments_dispute d LEFT JOIN (
            SELECT a.ref, sum(p.amount) AS booked FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id
            WHERE a.kind = 'dispute_receivable' GROUP BY a.ref
        ) b ON b.ref = d.public_id
        WHERE coalesce(b.booked, 0) <> CASE WHEN d.status = 'lost' THEN 0 ELSE d.withdrawn END
    """,
    "I10 what projects bore of lost disputes is what their funds paid": """
        SELECT d.public_id || ' says ' || d.borne || ', booked ' || coalesce(b.booked, 0)
        FROM payments_dispute d LEFT JOIN (
            SELECT e.meta ->> 'dispute' AS ref, sum(p.amount) AS booked
            FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id JOIN ledger_account a ON a.id = p.account_id
            WHERE e.kind IN ('dispute_lost', 'reverse_dispute_lost') AND a.kind = 'project_funds' GROUP BY 1
        ) b ON b.ref = d.public_id
        WHERE d.borne <> coalesce(b.booked, 0)
    """,
    "I11 each paid funding is booked once": """
        SELECT f.public_id FROM payments_funding f LEFT JOIN ledger_entry e ON e.key = 'funding:' || f.payment_intent_id
        LEFT JOIN ledger_posting p ON p.entry_id = e.id AND p.amount = f.amount
        WHERE f.status = 'paid' AND p.id IS NULL
        UNION ALL
        SELECT e.key FROM ledger_entry e LEFT JOIN payments_funding f ON e.key = 'funding:' || f.payment_intent_id
        WHERE e.kind = 'funding' AND f.id IS NULL
    """,
    # At some moment between the first try and the booking the event log calls the person ready. The minute is for a
    # status that is lost while a call is on its way: Stripe decides on that.
    "I13 nobody was paid while they were not ready": """
        SELECT x.key FROM payments_outbox x JOIN payments_payee y ON y.id = x.payee_id
        WHERE x.state = 'done' AND NOT EXISTS (
            SELECT FROM (
                SELECT after, at AS since, lead(at, 1, 'infinity') OVER (ORDER BY id) + interval '1 minute' AS until
                FROM core_event WHERE subject = y.public_id AND after <> ''
            ) spell
            WHERE after = 'ready' AND until >= x.first_at
                AND since <= (SELECT max(at) FROM core_event WHERE subject = x.subject AND name = 'payout.sent'))
    """,
    "I14 what a person earned is what was ever credited to them": """
        SELECT u.public_id || ' earned ' || e.earned || ', booked ' || coalesce(b.booked, 0)
        FROM (SELECT payee_id, sum(pay) AS earned FROM payments_earning GROUP BY payee_id) e
        JOIN accounts_user u ON u.id = e.payee_id
        LEFT JOIN (
            SELECT a.ref, -sum(p.amount) AS booked
            FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id JOIN ledger_entry n ON n.id = p.entry_id
            WHERE a.kind = 'expert_payable' AND n.kind LIKE 'earn%' GROUP BY a.ref
        ) b ON b.ref = u.public_id
        WHERE e.earned IS DISTINCT FROM b.booked
    """,
    "I17 each paid due is one earning of the same person, project, cause and amount, and none is without its due": """
        SELECT d.public_id || ' is ' || d.status || ', earned as ' || coalesce(e.public_id, 'nothing')
        FROM payments_due d LEFT JOIN payments_earning e ON e.id = d.earning_id
        WHERE (d.status = 'paid') <> (e.id IS NOT NULL)
            OR e.id IS NOT NULL AND (e.payee_id, e.ref, e.source, e.kind, e.pay, e.fee, e.currency)
                IS DISTINCT FROM (d.payee_id, d.ref, d.source, d.kind, d.amount, 0::bigint, d.currency)
        UNION ALL
        SELECT e.public_id || ' has ' || count(d.id) || ' dues'
        FROM payments_earning e LEFT JOIN payments_due d ON d.earning_id = e.id
        WHERE e.kind = 'minimum' GROUP BY e.id HAVING count(d.id) <> 1
    """,
}


def ledger_check() -> list[Breach]:
    """Every breach of the books, at most twenty per invariant. One statement each; a full check reads every posting."""
    found = []
    with connection.cursor() as cursor:
        for invariant, sql in CHECKS.items():
            cursor.execute(f"SELECT * FROM ({sql}) AS breach LIMIT 20")  # noqa: S608 ours
            found += [Breach(invariant, row[0]) for row in cursor.fetchall()]
    return found
