"""What is there at the end, beside what people were told: on standard input and output, as JSON.

python -m bench.chaos.verdict busy  → {"busy": what is still under way}
python -m bench.chaos.verdict       → {"doubled": {what: count}, "missing", "facts": {…}, "breaches": […], "violations"}
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import django
import requests

django.setup()

from django.conf import settings  # noqa: E402
from django.db.models import Max, Sum  # noqa: E402

from marketplace.journey import bank  # noqa: E402
from payments import gateway, ledger  # noqa: E402
from payments.models import (  # noqa: E402
    AccountKind,
    Batch,
    BatchLine,
    Earning,
    Funding,
    InboxEvent,
    Outbox,
    Payout,
)
from tasks.audit import audit  # noqa: E402
from tasks.models import Submission  # noqa: E402

OVER = [Outbox.State.DONE, Outbox.State.FAILED, Outbox.State.NEEDS_OPS]
LAST = {"paid": "paid", "failed": "failed", "returned": "failed"}  # status of a line, by what the bank made of it
SENT = [Payout.Status.SENT, Payout.Status.PAID]


def busy(told: dict[str, Any]) -> dict[str, int]:
    """What the product still has to do."""
    allocated = Earning.objects.aggregate(total=Sum("allocations__amount"))["total"] or 0
    return {
        "deliveries": Outbox.objects.exclude(state__in=OVER).count(),
        "events": InboxEvent.objects.filter(processed_at=None).count(),
        "payments": Funding.objects.filter(public_id__in=told["paid"]).exclude(status=Funding.Status.PAID).count(),
        "transfers by hand": BatchLine.objects.filter(status=BatchLine.Status.PENDING).count(),
        "earned and not sent": (Earning.objects.aggregate(total=Sum("pay"))["total"] or 0) - allocated,
    }


def verdict(told: dict[str, Any]) -> dict[str, Any]:
    transfers = list(gateway.client().v1.transfers.list({"limit": 100}).auto_paging_iter())
    of_payout = Counter(each.metadata.to_dict().get("payout", "") for each in transfers)
    at_stripe = {each.id: each.amount for each in transfers}
    payouts = list(Payout.objects.filter(line=None))
    earned, by_hand = _earned("stripe"), _earned("manual")
    lines = {each.public_id: each for each in BatchLine.objects.all()}
    paid_by_hand = sum(each.amount for each in lines.values() if each.status == BatchLine.Status.PAID)
    works = dict(Submission.objects.values_list("public_id", "status"))
    paid = set(Funding.objects.filter(status=Funding.Status.PAID).values_list("public_id", flat=True))
    tasks = Counter(Submission.objects.exclude(status="released").values_list("task_id", flat=True))
    txns = gateway.client().v1.balance_transactions.list({"limit": 100, "type": "charge"})
    charged = sum(line.amount for line in txns.auto_paging_iter())
    held, booked = bank.balance(), ledger.balance(AccountKind.STRIPE_CLEARING)
    return {
        "doubled": {
            "transfers": sum(count - 1 for count in of_payout.values()),
            "fundings": Funding.objects.count() - told["fundings_before"] - len(told["fundings"]),
            "claims": len(works) - len(told["claims"]),
            "answers to a task": sum(count - 1 for count in tasks.values()),
            "cents transferred beyond what was earned": max(sum(at_stripe.values()) - earned, 0),
            "cents that our bank paid beyond what was earned": max(sum(told["banked"].values()) - by_hand, 0),
            "second answers to one key": told["changed"],
        },
        "missing": {
            "fundings": len(set(told["paid"]) - paid),
            "claims": len(set(told["claims"]) - set(works)),
            "answers": sum(works.get(each) not in ("submitted", "accepted") for each in told["submitted"]),
            "acceptances": sum(works.get(each) != "accepted" for each in told["accepted"]),
            "earnings": len(set(told["accepted"]) - set(Earning.objects.values_list("source", flat=True))),
            "transfers": sum(at_stripe.get(each.transfer_id or "") != each.amount for each in payouts),
            "payouts that were not sent": sum(each.status not in SENT for each in payouts),
            "cents earned and not transferred": max(earned - sum(at_stripe.values()), 0),
            "answers of our bank": sum(lines[name].status != LAST[fate] for name, fate in told["by_hand"].items()),
            "transfers by hand": sum(
                (lines[name].reference, lines[name].amount) != (f"TT-{name}", cents)
                for name, cents in told["banked"].items()
            ),
            "cents earned and not paid by hand": max(by_hand - paid_by_hand, 0),
        },
        "breaches": [f"{each.invariant}: {each.what}" for each in audit()]
        + ([] if held == booked else [f"I12 Stripe holds {held}, the ledger says {booked}"])
        + ([] if charged == _funded() else [f"Stripe charged {charged}, fundings say {_funded()}"]),
        "violations": requests.get(f"{settings.STRIPE_API_BASE}/_sandbox/violations", timeout=30).json(),
        "facts": {
            "payouts": len(payouts),
            "batches by hand": Batch.objects.count(),
            "bank transfers by hand": sum(each.status == BatchLine.Status.PAID for each in lines.values()),
            "bank transfers that failed or came back": sum(fate != "paid" for fate in told["by_hand"].values()),
            "transfers at Stripe": len(transfers),
            "fundings paid": len(paid),
            "most tries of one delivery": Outbox.objects.aggregate(most=Max("attempts"))["most"] or 0,
            "tries of all deliveries": Outbox.objects.aggregate(sum=Sum("attempts"))["sum"] or 0,
        },
    }


def _earned(route: str) -> int:
    total: int = Earning.objects.filter(payee__payee__route=route).aggregate(total=Sum("pay"))["total"] or 0
    return total


def _funded() -> int:
    total: int = Funding.objects.filter(status=Funding.Status.PAID).aggregate(total=Sum("amount"))["total"] or 0
    return total


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps(busy(given) if sys.argv[1:] == ["busy"] else verdict(given)))
