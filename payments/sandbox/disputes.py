"""Disputes in the sandbox: a customer's bank asks, takes the money, gives it back or keeps it. A mirror of docs.

Each act may come in any order and by itself, so that tests can deliver what Stripe would in the order they like.
"""

# ruff: noqa: SLF001, the other half of the engine
from __future__ import annotations

from typing import Final

from payments.sandbox import objects
from payments.sandbox.engine import Refusal, Sandbox
from payments.sandbox.store import Thing, new_id

FEE: Final = 1_500  # Stripe's public price for a dispute
OUTCOMES: Final = ("won", "lost", "warning_closed", "prevented")


def dispute(sandbox: Sandbox, charge_id: str, *, reason: str = "fraudulent", inquiry: bool = False) -> Thing:
    """The bank contests a charge. An inquiry only asks; otherwise the money is taken at once."""
    with sandbox.lock:
        charge = sandbox.find("charge", charge_id)
        if charge["status"] != "succeeded" or charge["disputed"]:
            raise Refusal("Only a paid charge that is not disputed yet can be disputed.")
        status = "warning_needs_response" if inquiry else "needs_response"
        made = objects.dispute(new_id("du"), sandbox.now(), charge, reason, status)
        charge["disputed"] = True
        sandbox._save(charge, made)
        sandbox.emit("charge.dispute.created", made)
        if not inquiry:
            withdraw(sandbox, made["id"])
        sandbox.store.commit()
        return made


def withdraw(sandbox: Sandbox, dispute_id: str) -> Thing:
    """Stripe takes the amount and its fee from the platform."""
    return _move(sandbox, dispute_id, sign=-1, fee=FEE, event="charge.dispute.funds_withdrawn")


def reinstate(sandbox: Sandbox, dispute_id: str) -> Thing:
    """The amount comes back; the fee does not."""
    return _move(sandbox, dispute_id, sign=1, fee=0, event="charge.dispute.funds_reinstated")


def _move(sandbox: Sandbox, dispute_id: str, *, sign: int, fee: int, event: str) -> Thing:
    with sandbox.lock:
        found = sandbox.find("dispute", dispute_id)
        taken = -sum(line["amount"] for line in found["balance_transactions"])
        if taken != (0 if sign < 0 else found["amount"]):
            raise Refusal("This money has moved already, or has not yet.")
        line = sandbox._transaction(
            amount=sign * found["amount"],
            fee=fee,
            currency=found["currency"],
            type="adjustment",
            source=found["id"],
            available_on=sandbox.now(),
        )
        found["balance_transactions"] = [*found["balance_transactions"], line]
        sandbox._save(found)
        sandbox.emit(event, found)
        sandbox.store.commit()
        return found


def submit_evidence(sandbox: Sandbox, dispute_id: str, params: Thing) -> Thing:
    """What the platform answers the bank with. Staged until it is submitted."""
    with sandbox.lock:
        found = sandbox.find("dispute", dispute_id)
        if not found["status"].endswith("needs_response"):
            raise Refusal("This dispute takes no more evidence.")
        found["evidence"] = {**found["evidence"], **params.get("evidence", {})}
        details = {**found["evidence_details"], "has_evidence": True}
        if params.get("submit", True):
            details["submission_count"] += 1
            found["status"] = found["status"].replace("needs_response", "under_review")
        found["evidence_details"] = details
        sandbox._save(found)
        sandbox.emit("charge.dispute.updated", found)
        sandbox.store.commit()
        return found


def close(sandbox: Sandbox, dispute_id: str, outcome: str = "lost") -> Thing:
    """The bank decides: one of OUTCOMES. What was taken comes back unless it is lost."""
    with sandbox.lock:
        found = sandbox.find("dispute", dispute_id)
        if outcome not in OUTCOMES or found["status"] in OUTCOMES:
            raise Refusal("The bank decides once: won, lost, warning_closed or prevented.")
        found["status"] = outcome
        sandbox._save(found)
        sandbox.emit("charge.dispute.closed", found)
        if outcome != "lost" and sum(line["amount"] for line in found["balance_transactions"]):
            reinstate(sandbox, dispute_id)
        sandbox.store.commit()
        return found
