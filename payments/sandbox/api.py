"""The sandbox's API: which request does what, what an idempotency key remembers, and faults on demand."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from payments.sandbox import contract, disputes, objects, reversals
from payments.sandbox.engine import DAY, KIND_OF, Refusal, Sandbox
from payments.sandbox.store import Thing, new_id

FAULTS: Final = (
    "409",  # another request with this key is at work; nothing happened
    "429",  # refused before anything happens
    "500_before",  # an error, nothing happened, nothing saved
    "500_after",  # it happened, the answer is an error, the key remembers the true answer
    "500_saved",  # it happened, and the key remembers the error for a day
    "500_void",  # nothing happened, and the key remembers the error for a day
    "drop_after",  # it happened, the connection breaks
    "hang_after",  # it happened, the answer comes too late
)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_v2(self) -> bool:
        return self.path.startswith("/v2/")


@dataclass(frozen=True)
class Reply:
    status: int
    body: Thing
    then: str = ""  # "drop" or "hang": what the server does to the connection
    headers: dict[str, str] = field(default_factory=dict)


class Api:
    """Answers one request at a time, under the engine's lock."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.faults: list[tuple[str, str]] = []  # (fault, path), used up first to last
        self.violations: list[str] = []  # requests that the SDK's own types do not allow
        self.after: Callable[[Request], None] | None = None  # for tests: what happens between effect and answer

    def inject(self, fault: str, path: str = "/v1/transfers", times: int = 1) -> None:
        """Make the next `times` POSTs to `path` fail in one of the ways of FAULTS."""
        if fault not in FAULTS:
            raise ValueError(f"{fault} is none of {', '.join(FAULTS)}")
        self.faults += [(fault, path)] * times

    def answer(self, request: Request) -> Reply:
        with self.sandbox.lock:
            try:
                reply = self._answer(request)
            except Refusal as refusal:
                reply = _refused(refusal, request)
            self.sandbox.store.commit()
        if self.after and request.method == "POST":
            self.after(request)
        return reply

    def _answer(self, request: Request) -> Reply:
        _check_key(request)
        fault = self._fault(request)
        if fault in REFUSALS:
            return REFUSALS[fault]
        if saved := self._saved(request):
            return saved
        operation, act, match = _route(request)
        try:
            params = contract.check(operation, _params(request), typed=request.is_v2 and request.method == "POST")
        except contract.Violation as violation:
            self.violations.append(f"{operation}: {violation}")
            return _error(400, "invalid_request_error", str(violation), param=violation.param)
        if fault == "500_void":
            return self._keep(request, BROKEN, "")
        try:
            reply = Reply(200, objects.public(act(self.sandbox, params, Context(request, match))))
        except Refusal as refusal:
            reply = _refused(refusal, request)
        return self._keep(request, reply, fault)

    def _fault(self, request: Request) -> str:
        for position, (fault, path) in enumerate(self.faults):
            if request.method == "POST" and request.path == path:
                del self.faults[position]
                return fault
        return ""

    def _saved(self, request: Request) -> Reply | None:
        kept = self.sandbox.store.get("reply", _reply_key(request)) if request.method == "POST" else None
        if kept is None or kept["at"] + (30 * DAY if request.is_v2 else DAY) < self.sandbox.now():
            return None
        if kept["request"] != _digest(request):
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with."
            )
            return _error(400, "idempotency_error", message)
        return Reply(kept["status"], kept["body"], headers={"Idempotent-Replayed": "true"})

    def _keep(self, request: Request, reply: Reply, fault: str) -> Reply:
        saved = BROKEN if fault == "500_saved" else reply
        if request.method == "POST" and _reply_key(request):
            kept = {"status": saved.status, "body": saved.body, "at": self.sandbox.now(), "request": _digest(request)}
            self.sandbox.store.put("reply", _reply_key(request), kept)
        if fault in ("500_after", "500_saved"):
            return BROKEN
        if fault in ("drop_after", "hang_after"):
            return Reply(reply.status, reply.body, then=fault.removesuffix("_after"))
        return reply


@dataclass(frozen=True)
class Context:
    request: Request
    match: re.Match[str]

    @property
    def account(self) -> str:
        return self.request.headers.get("stripe-account", "")

    @property
    def id(self) -> str:
        return self.match["id"]


def _error(status: int, kind: str, message: str, *, code: str = "", param: str = "") -> Reply:
    facts = {"type": kind, "message": message, "code": code, "param": param}
    return Reply(status, {"error": {name: value for name, value in facts.items() if value}})


BROKEN: Final = _error(500, "api_error", "An unknown error occurred")
REFUSALS: Final = {
    "409": _error(409, "invalid_request_error", "Another request holds this key", code="idempotency_key_in_use"),
    "429": _error(429, "rate_limit", "Too many requests", code="rate_limit"),
    "500_before": BROKEN,
}


def _check_key(request: Request) -> None:
    key = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if not key.startswith(("sk_test_", "rk_test_")):
        raise Refusal("The sandbox takes test keys only.", code="api_key_invalid", status=401)


def _reply_key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    return f"{request.headers.get('stripe-account', '')}:{key}" if key else ""


def _digest(request: Request) -> str:
    return hashlib.sha256(request.path.encode() + b"\0" + request.body).hexdigest()


def _refused(refusal: Refusal, request: Request) -> Reply:
    kind = "authentication_error" if refusal.status == 401 else "invalid_request_error"
    return _error(refusal.status, kind, str(refusal), code=refusal.code, param=refusal.param)


def _params(request: Request) -> Thing:
    if request.method == "POST" and request.is_v2:
        given = json.loads(request.body or b"{}")
        return dict(given)
    return unfold(parse_qsl(request.body.decode() if request.method == "POST" else request.query, True))


def unfold(pairs: list[tuple[str, str]]) -> Thing:
    """`a[b][0]=x` of a form as nested dicts and lists."""
    root: Thing = {}
    for name, value in pairs:
        path = [part for part in re.split(r"[\[\]]+", name) if part] + ([""] if name.endswith("[]") else [])
        spot = root
        for part in path[:-1]:
            spot = spot.setdefault(part, {})
        spot[path[-1] or str(len(spot))] = value
    return {name: _listed(value) for name, value in root.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(item) for name, item in value.items()}
    return list(inner.values()) if inner and all(name.isdigit() for name in inner) else inner


# --- what each address does -------------------------------------------------------------------------------------------

Act = Callable[[Sandbox, Thing, Context], Thing]


def _create_link(sandbox: Sandbox, params: Thing, context: Context) -> Thing:
    sandbox.find("account", params["account"])
    key, now, case = new_id("link"), sandbox.now(), params["use_case"]
    if case["type"] not in case:
        raise Refusal(f"use_case.{case['type']} is missing", param="use_case")
    link = {
        "object": "v2.core.account_link",
        "account": params["account"],
        "created": objects.moment(now),
        "expires_at": objects.moment(now + 300),
        "livemode": False,
        "url": f"{sandbox.public}/onboard/{key}",
        "use_case": case,
    }
    sandbox.store.put("link", key, {**link, "id": key})
    return link


def _show_account(account: Thing, params: Thing) -> Thing:
    """v2 answers null for what `include` does not name."""
    named = {name.split(".")[0] for name in params.get("include", ())}
    hidden = {"configuration", "defaults", "identity", "requirements"} - named
    return {**account, **dict.fromkeys(hidden)}


def _get(kind: str) -> Act:
    def act(sandbox: Sandbox, params: Thing, context: Context) -> Thing:
        return _expanded(sandbox, sandbox.find(kind, context.id), params)

    return act


def _expanded(sandbox: Sandbox, thing: Thing, params: Thing) -> Thing:
    for path in params.get("expand", ()):
        thing = _expand(sandbox, thing, path.split("."))
    return thing


def _expand(sandbox: Sandbox, thing: Thing, path: list[str]) -> Thing:
    value = thing.get(path[0])
    if isinstance(value, str):
        value = sandbox.find(KIND_OF[value.split("_")[0]], value)
    if isinstance(value, dict) and path[1:]:
        value = _expand(sandbox, value, path[1:])
    return {**thing, path[0]: value}


def _list(kind: str, *filters: str) -> Act:
    """Newest first, filtered by equality and by `created`, a page at a time after `starting_after`."""

    def act(sandbox: Sandbox, params: Thing, context: Context) -> Thing:
        created = params.get("created", {})
        found = [
            thing
            for thing in sandbox.store.all(kind)
            if thing.get("_account", "") == context.account
            and all(thing.get(_FILTER.get(name, name)) == params[name] for name in filters if name in params)
            and _within(thing["created"], created)
            and _of_kinds(thing, params.get("types"))
        ][::-1]
        ids = [thing["id"] for thing in found]
        start = ids.index(params["starting_after"]) + 1 if params.get("starting_after") in ids else 0
        end = start + params.get("limit", 10)
        return objects.listing(found[start:end], context.request.path, has_more=end < len(found))

    return act


def _list_reversals(sandbox: Sandbox, params: Thing, context: Context) -> Thing:
    return objects.listing(reversals.reversals_of(sandbox, context.id), context.request.path)


def _list_accounts(sandbox: Sandbox, params: Thing, context: Context) -> Thing:
    """Youngest first, without what `include` would name. Ours fit on one page."""
    found = [_show_account(account, {}) for account in sandbox.store.all("account")]
    return {"data": found[::-1], "next_page_url": None, "previous_page_url": None}


def _list_thin(sandbox: Sandbox, params: Thing, context: Context) -> Thing:
    """v2's lists have no `has_more`. Ours fit on one page."""
    found = [
        event
        for event in sandbox.store.all("event")
        if event["object"] == "v2.core.event"
        and _within(event["created"], params.get("created", {}))
        and _of_kinds(event, params.get("types"))
    ]
    return {"data": found[::-1], "next_page_url": None, "previous_page_url": None}


def _within(created: int | str, bounds: Thing) -> bool:
    """v1 counts seconds, v2 writes moments that sort as text; a thin event is none of v1's."""
    return not bounds or (isinstance(created, type(bounds["gte"])) and bool(created >= bounds["gte"]))


def _of_kinds(thing: Thing, kinds: list[str] | None) -> bool:
    return kinds is None or thing["type"] in kinds


_FILTER: Final = {"payout": "_payout"}


def _own(kind: str) -> Act:
    def act(sandbox: Sandbox, params: Thing, context: Context) -> Thing:
        thing = sandbox.find(kind, context.id)
        if thing.get("_account", "") != context.account:
            raise Refusal(f"No such {kind}: '{context.id}'", code="resource_missing", status=404)
        return _expanded(sandbox, thing, params)

    return act


def _balance(sandbox: Sandbox, params: Thing, context: Context) -> Thing:
    held = sandbox.balance(context.account)
    parts = {
        name: [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in part.items()
        ]
        for name, part in held.items()
    }
    return {"object": "balance", "livemode": False, "connect_reserved": [], **parts}


ROUTES: Final[tuple[tuple[str, str, str, Act], ...]] = (
    ("POST", r"/v2/core/accounts", "account_create", lambda s, p, c: _show_account(s.create_account(p), p)),
    ("GET", r"/v2/core/accounts", "account_list", _list_accounts),
    (
        "GET",
        r"/v2/core/accounts/(?P<id>\w+)",
        "account_retrieve",
        lambda s, p, c: _show_account(s.find("account", c.id), p),
    ),
    ("POST", r"/v2/core/account_links", "account_link_create", _create_link),
    ("POST", r"/v1/checkout/sessions", "session_create", lambda s, p, c: s.create_session(p)),
    ("GET", r"/v1/checkout/sessions/(?P<id>\w+)", "session_retrieve", _get("session")),
    (
        "POST",
        r"/v1/checkout/sessions/(?P<id>\w+)/expire",
        "session_expire",
        lambda s, p, c: _expanded(s, s.expire(c.id), p),
    ),
    ("POST", r"/v1/customers", "customer_create", lambda s, p, c: s.create_customer(p)),
    ("GET", r"/v1/customers", "customer_list", _list("customer", "email")),
    ("GET", r"/v1/customers/(?P<id>\w+)", "customer_retrieve", _get("customer")),
    ("GET", r"/v1/invoices/(?P<id>\w+)", "invoice_retrieve", _get("invoice")),
    ("GET", r"/v1/payment_intents/(?P<id>\w+)", "intent_retrieve", _get("intent")),
    ("GET", r"/v1/charges/(?P<id>\w+)", "charge_retrieve", _get("charge")),
    ("GET", r"/v1/disputes", "dispute_list", _list("dispute", "charge", "payment_intent")),
    ("GET", r"/v1/disputes/(?P<id>\w+)", "dispute_retrieve", _get("dispute")),
    (
        "POST",
        r"/v1/disputes/(?P<id>\w+)",
        "dispute_update",
        lambda s, p, c: disputes.submit_evidence(s, c.id, p),
    ),
    ("POST", r"/v1/disputes/(?P<id>\w+)/close", "dispute_close", lambda s, p, c: disputes.close(s, c.id)),
    ("POST", r"/v1/transfers", "transfer_create", lambda s, p, c: s.create_transfer(p)),
    ("GET", r"/v1/transfers", "transfer_list", _list("transfer", "destination", "transfer_group")),
    ("GET", r"/v1/transfers/(?P<id>\w+)", "transfer_retrieve", _get("transfer")),
    (
        "POST",
        r"/v1/transfers/(?P<id>\w+)/reversals",
        "reversal_create",
        lambda s, p, c: reversals.reverse(s, c.id, p),
    ),
    ("GET", r"/v1/transfers/(?P<id>\w+)/reversals", "reversal_list", _list_reversals),
    ("GET", r"/v1/transfers/\w+/reversals/(?P<id>\w+)", "reversal_retrieve", _get("reversal")),
    ("POST", r"/v1/refunds", "refund_create", lambda s, p, c: s.create_refund(p)),
    ("GET", r"/v1/refunds", "refund_list", _list("refund", "charge")),
    ("GET", r"/v1/refunds/(?P<id>\w+)", "refund_retrieve", _get("refund")),
    ("GET", r"/v1/payouts", "payout_list", _list("payout", "status")),
    ("GET", r"/v1/payouts/(?P<id>\w+)", "payout_retrieve", _own("payout")),
    ("GET", r"/v1/balance", "balance_retrieve", _balance),
    ("GET", r"/v1/balance_transactions", "transaction_list", _list("txn", "payout", "type", "source")),
    ("GET", r"/v1/balance_transactions/(?P<id>\w+)", "transaction_retrieve", _own("txn")),
    ("GET", r"/v1/events", "event_list", _list("event", "type")),
    ("GET", r"/v2/core/events", "thin_event_list", _list_thin),
    ("GET", r"/v1/events/(?P<id>\w+)", "event_retrieve", _get("event")),
)


def _route(request: Request) -> tuple[str, Act, re.Match[str]]:
    for method, pattern, operation, act in ROUTES:
        match = re.fullmatch(pattern, request.path) if method == request.method else None
        if match:
            return operation, act, match
    raise Refusal(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)
