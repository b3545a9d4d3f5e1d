"""Transfers that come back in the sandbox: to the platform's balance, from the recipient's. A mirror of docs."""

# ruff: noqa: SLF001, the other half of the engine
from __future__ import annotations

from payments.sandbox import objects
from payments.sandbox.engine import Refusal, Sandbox
from payments.sandbox.store import Thing, new_id


def reverse(sandbox: Sandbox, transfer_id: str, params: Thing) -> Thing:
    """A part of a transfer, or all that is left of it, goes back. The source charge can carry it again."""
    with sandbox.lock:
        transfer = sandbox.find("transfer", transfer_id)
        left = transfer["amount"] - transfer["amount_reversed"]
        amount = params.get("amount", left)
        if not 0 < amount <= left:
            raise Refusal("Transfer reversal amount is greater than unreversed amount on transfer.")
        held = sandbox.balance(transfer["destination"])
        if sum(part.get(transfer["currency"], 0) for part in held.values()) < amount:
            raise Refusal("The recipient's balance does not cover this reversal.", code="balance_insufficient")
        made = objects.reversal(new_id("trr"), sandbox.now(), transfer, {**params, "amount": amount})
        taken = new_id("pyr")
        common = {"fee": 0, "currency": transfer["currency"], "available_on": sandbox.now()}
        back = sandbox._transaction(amount=amount, type="transfer_refund", source=made["id"], **common)
        account = transfer["destination"]
        sandbox._transaction(amount=-amount, type="payment_refund", source=taken, _account=account, **common)
        made.update(balance_transaction=back["id"], destination_payment_refund=taken)
        transfer["amount_reversed"] += amount
        transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
        sandbox._save(made, transfer)
        if transfer["source_transaction"]:
            charge = sandbox.find("charge", transfer["source_transaction"])
            charge["_transferred"] -= amount
            sandbox._save(charge)
        sandbox.emit("transfer.reversed", transfer)
        sandbox.store.commit()
        return made


def reversals_of(sandbox: Sandbox, transfer_id: str) -> list[Thing]:
    """Newest first."""
    sandbox.find("transfer", transfer_id)
    return [made for made in sandbox.store.all("reversal") if made["transfer"] == transfer_id][::-1]
