"""What happens inside the sandbox: payments, transfers, bank payouts, onboarding, and a clock that can be moved."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any, Final

from payments.sandbox import objects
from payments.sandbox.store import Store, Thing, new_id

DAY: Final = 86_400
SETTLES_AFTER: Final = 2 * DAY
BANK: Final = ("us_bank_account", "customer_balance")  # a debit, a transfer
KIND_OF: Final = {
    "acct": "account",
    "cs": "session",
    "cus": "customer",
    "in": "invoice",
    "pi": "intent",
    "ch": "charge",
    "txn": "txn",
    "du": "dispute",
    "tr": "transfer",
    "trr": "reversal",
    "re": "refund",
    "po": "payout",
    "evt": "event",
}
ACCOUNT_CHANGED: Final = (
    "v2.core.account[configuration.recipient].capability_status_updated",
    "v2.core.account[requirements].updated",
)
OUTCOMES: Final[dict[str, tuple[Thing, tuple[str, ...]]]] = {
    "verified": (objects.capability("active"), ()),
    "checking": (objects.capability("pending", "requirements_pending_verification", "no_resolution"), ()),
    "needs_info": (
        objects.capability("restricted", "requirements_past_due", "provide_info"),
        ("identity.individual.id_numbers", "identity.individual.documents.primary_verification"),
    ),
    "unsupported": (objects.capability("unsupported", "unsupported_country", "no_resolution"), ()),
}


class Refusal(Exception):
    """An answer of 4xx."""

    def __init__(self, message: str, *, code: str = "", param: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param


def fee_of(amount: int, method: str) -> int:
    """Stripe's public US price: cards 2.9 % + 30 ¢, bank debits (and, we believe, transfers) 0.8 % up to $5."""
    if method in BANK:
        return min((amount * 80 + 5_000) // 10_000, 500)
    return (amount * 290 + 5_000) // 10_000 + 30


class Sandbox:
    """All acts take the lock; the store is written when it is given back."""

    def __init__(self, path: Path | None = None, *, public: str = "http://localhost:12111") -> None:
        self.lock = threading.RLock()
        self.store = Store(path)
        self.public = public

    # --- clock

    def now(self) -> int:
        return int(time.time()) + int((self.store.get("meta", "clock") or {}).get("offset", 0))

    def advance(self, days: int) -> None:
        """Move the clock; what was on its way arrives."""
        with self.lock:
            clock = self.store.get("meta", "clock") or {"offset": 0}
            self.store.put("meta", "clock", {"offset": clock["offset"] + days * DAY})
            self.tick()

    def tick(self) -> None:
        """Everything that time alone brings: bank debits settle, funds become available, Stripe pays to banks."""
        with self.lock:
            now = self.now()
            for session in self.store.all("session"):
                if session.get("_settles_at") and session["_settles_at"] <= now:
                    self.settle(session["id"], arrives=True)
                elif session["status"] == "open" and session["expires_at"] <= now:
                    self.expire(session["id"])
            for account_id, lines in self._available().items():
                self._pay_bank(self.find("account", account_id), lines)
            self.store.commit()

    def _available(self) -> dict[str, list[Thing]]:
        """What each connected account holds that no payout carries yet."""
        held: dict[str, list[Thing]] = {}
        for line in self.store.all("txn"):
            if line.get("_account") and not line["_payout"] and line["available_on"] <= self.now():
                held.setdefault(line["_account"], []).append(line)
        return held

    # --- money in

    def create_customer(self, params: Thing) -> Thing:
        key = new_id("cus")
        return self.store.put("customer", key, objects.customer(key, self.now(), params))

    def create_session(self, params: Thing) -> Thing:
        if params.get("customer"):
            self.find("customer", params["customer"])
        key = new_id("cs_test")
        return self.store.put("session", key, objects.session(key, self.now(), params, f"{self.public}/pay/{key}"))

    def pay(self, session_id: str, method: str = "card") -> Thing:
        """The customer pays. A card is charged at once; a bank debit or transfer is only ordered."""
        with self.lock:
            session = self.find("session", session_id)
            if session["status"] != "open":
                raise Refusal("This checkout is over.", code="session_over")
            if method not in session["payment_method_types"]:
                raise Refusal(f"This checkout does not take {method}.", code="payment_method_not_available")
            intent = objects.intent(new_id("pi"), self.now(), session, method)
            charge = objects.charge(new_id("ch"), self.now(), intent)
            intent["latest_charge"], session["payment_intent"] = charge["id"], intent["id"]
            session["status"] = "complete"
            self._save(session, intent, charge)
            if method == "card":
                self._succeed(session, intent, charge)
            else:
                session["_settles_at"] = self.now() + SETTLES_AFTER
                if method == "customer_balance":
                    intent.update(objects.transfer_awaited(f"{self.public}/instructions/{intent['id']}"))
                    self._save(intent)
                self._save(session)
            self.emit("checkout.session.completed", session)
            self.store.commit()
            return session

    def decline(self, session_id: str) -> None:
        """The card says no: the page stays open, as Stripe's does."""
        with self.lock:
            session = self.find("session", session_id)
            session["_declined"] = True
            self._save(session)
            self.store.commit()

    def settle(self, session_id: str, *, arrives: bool) -> Thing:
        """A bank debit or transfer arrives; or the debit bounces, the transfer never comes."""
        with self.lock:
            session = self.find("session", session_id)
            if not session.pop("_settles_at", None):
                raise Refusal("Nothing is on its way here.", code="nothing_pending")
            intent = self.find("intent", session["payment_intent"])
            charge = self.find("charge", intent["latest_charge"])
            if arrives:
                self._succeed(session, intent, charge)
                self.emit("checkout.session.async_payment_succeeded", session)
            else:
                intent["status"], charge["status"] = "requires_payment_method", "failed"
                charge["failure_code"], charge["failure_message"] = "insufficient_funds", "The debit bounced."
                self._save(session, intent, charge)
                self.emit("checkout.session.async_payment_failed", session)
            self.store.commit()
            return session

    def expire(self, session_id: str) -> Thing:
        with self.lock:
            session = self.find("session", session_id)
            if session["status"] != "open":
                raise Refusal("This checkout is over.", code="session_over")
            session["status"], session["url"] = "expired", None
            self._save(session)
            self.emit("checkout.session.expired", session)
            self.store.commit()
            return session

    def _succeed(self, session: Thing, intent: Thing, charge: Thing) -> None:
        amount = charge["amount"]
        settled = self._transaction(
            amount=amount,
            fee=fee_of(amount, charge["_method"]),
            currency=charge["currency"],
            type="charge" if charge["_method"] == "card" else "payment",
            source=charge["id"],
            available_on=self.now() + (SETTLES_AFTER if charge["_method"] == "card" else 0),
        )
        charge.update(status="succeeded", paid=True, captured=True, amount_captured=amount)
        charge["balance_transaction"] = settled["id"]
        charge["receipt_url"] = f"{self.public}/receipt/{charge['id']}"
        intent.update(status="succeeded", amount_received=amount, next_action=None)
        session["payment_status"] = "paid"
        if session["_invoice"]:
            invoice = objects.invoice(new_id("in"), self.now(), session)
            invoice["hosted_invoice_url"] = f"{self.public}/invoice/{invoice['id']}"
            session["invoice"] = invoice["id"]
            self._save(invoice)
        self._save(session, intent, charge)

    # --- money out

    def create_transfer(self, params: Thing) -> Thing:
        account = self.find("account", params["destination"])
        if self.capability(account) != "active":
            raise Refusal(
                "Your destination account needs to have at least one of the following capabilities enabled: transfers",
                code="insufficient_capabilities_for_transfer",
            )
        amount = params.get("amount", 0)
        if amount <= 0:
            raise Refusal("This value must be greater than or equal to 1.", code="parameter_invalid_integer")
        available_on = self._draw(params, amount)
        sent = objects.transfer(new_id("tr"), self.now(), params)
        arrived = new_id("py")
        common = {"currency": params["currency"], "fee": 0, "available_on": available_on}
        paid = self._transaction(amount=-amount, type="transfer", source=sent["id"], **common)
        self._transaction(amount=amount, type="payment", source=arrived, _account=account["id"], **common)
        sent.update(balance_transaction=paid["id"], destination_payment=arrived)
        self._save(sent)
        self.emit("transfer.created", sent)
        return sent

    def _draw(self, params: Thing, amount: int) -> int:
        """Where the money comes from; returns when it is available to the recipient."""
        if not params.get("source_transaction"):
            if self.balance("")["available"].get(params["currency"], 0) < amount:
                raise Refusal(
                    "You have insufficient available funds in your Stripe account.", code="balance_insufficient"
                )
            return self.now()
        charge = self.find("charge", params["source_transaction"])
        if charge["currency"] != params["currency"]:
            raise Refusal("The currency of source_transaction's balance transaction differs.", param="currency")
        if charge["status"] != "succeeded":
            raise Refusal("The charge has not succeeded.", param="source_transaction")
        if charge["_transferred"] + amount > charge["amount"] - charge["amount_refunded"]:
            raise Refusal("Transfers using this transaction as a source must not exceed the source amount.")
        charge["_transferred"] += amount
        self._save(charge)
        available_on: int = self.find("txn", charge["balance_transaction"])["available_on"]
        return max(self.now(), available_on)

    def create_refund(self, params: Thing) -> Thing:
        charge = self.find("charge", params["charge"])
        amount = params.get("amount", charge["amount"] - charge["amount_refunded"])
        if charge["amount_refunded"] + amount > charge["amount"]:
            raise Refusal("Refund amount is greater than unrefunded amount on charge.", code="charge_already_refunded")
        given = {**params, "amount": amount, "currency": charge["currency"]}
        refund = objects.refund(new_id("re"), self.now(), given)
        refund["balance_transaction"] = self._refund_line(refund, "refund", -amount)
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self._save(refund, charge)
        self.emit("refund.created", refund)
        self.emit("charge.refunded", charge)
        return refund

    def fail_refund(self, refund_id: str, reason: str = "lost_or_stolen_card") -> None:
        """The customer's bank sends a refund back, days after Stripe called it done."""
        with self.lock:
            refund = self.find("refund", refund_id)
            if refund["status"] != "succeeded":
                raise Refusal("This refund has failed already.")
            charge = self.find("charge", refund["charge"])
            charge["amount_refunded"] -= refund["amount"]
            charge["refunded"] = False
            refund.update(status="failed", failure_reason=reason)
            refund["failure_balance_transaction"] = self._refund_line(refund, "refund_failure", refund["amount"])
            self._save(refund, charge)
            self.emit("refund.failed", refund)
            self.store.commit()

    def _refund_line(self, refund: Thing, kind: str, amount: int) -> str:
        line = self._transaction(
            amount=amount, fee=0, currency=refund["currency"], type=kind, source=refund["id"], available_on=self.now()
        )
        return str(line["id"])

    def _pay_bank(self, account: Thing, carried: list[Thing]) -> None:
        amount = sum(line["net"] for line in carried)
        if account.get("_blocked") or amount <= 0:
            return
        now = self.now()
        currency = carried[0]["currency"]
        payout = objects.payout(new_id("po"), now, {"amount": amount, "currency": currency, "_account": account["id"]})
        common: Thing = {"fee": 0, "currency": currency, "available_on": now, "_account": account["id"]}
        gone = self._transaction(amount=-amount, type="payout", source=payout["id"], **common)
        payout["balance_transaction"] = gone["id"]
        for line in (*carried, gone):
            line["_payout"] = payout["id"]
            self._save(line)
        self._save(payout)
        self.emit("payout.created", payout, account["id"])
        if account["_bank"] == "ok":
            payout["status"] = "paid"
        else:
            back = self._transaction(amount=amount, type="payout_failure", source=payout["id"], **common)
            payout.update(status="failed", failure_code=account["_bank"], failure_balance_transaction=back["id"])
            payout["failure_message"] = "The bank returned the payout."
            account["_blocked"] = True
        self._save(payout, account)
        self.emit(f"payout.{payout['status']}", payout, account["id"])

    def balance(self, account: str) -> dict[str, dict[str, int]]:
        now = self.now()
        held: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
        for line in self.store.all("txn"):
            if line.get("_account", "") == account:
                part = held["available" if line["available_on"] <= now else "pending"]
                part[line["currency"]] = part.get(line["currency"], 0) + line["net"]
        return held

    # --- recipients

    def create_account(self, params: Thing) -> Thing:
        key = new_id("acct")
        account = objects.account(key, self.now(), params)
        self._file_outcome(account, "needs_info")
        return account

    def onboard(self, account_id: str, outcome: str) -> Thing:
        """How Stripe's checks ended: one of OUTCOMES."""
        with self.lock:
            account = self.find("account", account_id)
            self._file_outcome(account, outcome)
            for kind in ACCOUNT_CHANGED:
                key = new_id("evt")
                event = objects.thin_event(key, self.now(), kind, account_id)
                self._owe(event, "thin")
            self.store.commit()
            return account

    def set_bank(self, account_id: str, state: str) -> None:
        """`ok`, or a failure code such as `account_closed` with which the bank will answer."""
        with self.lock:
            account = self.find("account", account_id)
            account["_bank"] = state
            account["_blocked"] = False
            self._save(account)
            self.tick()

    def capability(self, account: Thing) -> str:
        balance = account["configuration"]["recipient"]["capabilities"]["stripe_balance"]
        return str(balance["stripe_transfers"]["status"])

    def _file_outcome(self, account: Thing, outcome: str) -> None:
        capability, needs = OUTCOMES[outcome]
        account["configuration"]["recipient"]["capabilities"]["stripe_balance"] = capability
        account["requirements"]["entries"] = [objects.requirement(path) for path in needs]
        self._save(account)

    # --- events and storage

    def emit(self, kind: str, thing: Thing, account: str = "") -> None:
        """Tell the platform's endpoint, or for a connected account's own affairs the Connect endpoint."""
        snapshot = json.loads(json.dumps(objects.public(thing)))
        event = objects.event(new_id("evt"), self.now(), kind, snapshot, account)
        self._owe(event, "connect" if account else "platform")

    def _owe(self, event: Thing, endpoint: str) -> None:
        self._save(event)
        delivery = {"id": event["id"], "endpoint": endpoint, "type": event["type"], "tries": 0, "answer": ""}
        self.store.put("delivery", event["id"], {**delivery, "due": time.time(), "done": False})

    def find(self, kind: str, key: str) -> Thing:
        found = self.store.get(kind, key)
        if found is None:
            raise Refusal(f"No such {kind}: '{key}'", code="resource_missing", param="id", status=404)
        return found

    def _save(self, *things: Thing) -> None:
        for thing in things:
            self.store.put(KIND_OF[thing["id"].split("_")[0]], thing["id"], thing)

    def _transaction(self, **fields: Any) -> Thing:
        line = objects.transaction(new_id("txn"), self.now(), fields)
        self._save(line)
        return line
