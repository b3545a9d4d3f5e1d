"""The sandbox's few HTML pages: pay, onboard, look around, move the clock. No script; each says what it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import quote

from payments.money import show
from payments.sandbox import disputes, reversals
from payments.sandbox.engine import DAY, OUTCOMES, Refusal, Sandbox
from payments.sandbox.objects import public
from payments.sandbox.store import Thing
from payments.sandbox.webhooks import Sender

CSS: Final = """
:root{color-scheme:light dark;--line:light-dark(#deded7,#34352f);--soft:light-dark(#fbefd6,#36270a);
--ink:light-dark(#1a1b18,#edede6);--accent:light-dark(#0b6b5b,#54c7af);--on:light-dark(#fff,#04211b);
--canvas:light-dark(#f7f7f4,#121210);--card:light-dark(#fff,#191a17);--muted:light-dark(#55564f,#b4b5ab)}
*{box-sizing:border-box}body{margin:0;font:16px/1.5 Inter,system-ui,sans-serif}
body{color:var(--ink);background:var(--canvas)}
.banner{background:var(--soft);padding:8px 16px;text-align:center}.banner b{margin-right:8px}
nav{display:flex;flex-wrap:wrap;gap:16px;padding:8px 16px;border-bottom:1px solid var(--line)}
a{color:var(--accent)}main{max-width:64rem;margin:24px auto;padding:0 16px;display:grid;gap:16px}
main.slim{max-width:28rem}.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px}
main>*{min-width:0}.card>p:first-child{margin-top:0}h2{overflow-wrap:anywhere}
h1{font-size:1.375rem;margin:0}h2{font-size:1.125rem;margin:0}.sum{font-size:2.25rem;font-weight:650;margin:8px 0}
form{margin:0}.choices{display:grid;gap:8px;margin-top:16px}.muted{color:var(--muted)}
button{font:inherit;width:100%;min-height:44px;padding:8px 16px;border-radius:8px;border:1px solid var(--muted);
background:var(--card);color:var(--ink);cursor:pointer}button.primary{background:var(--accent);color:var(--on);
border-color:var(--accent)}button.small{width:auto;min-height:32px;padding:2px 12px}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}.bad{color:light-dark(#8e1c14,#f7aba3)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.875rem}
th,td{text-align:left;padding:6px 8px;border-bottom:1px solid var(--line);vertical-align:top}
pre{overflow-x:auto;font-size:.8125rem;margin:0}.row{display:flex;gap:8px;flex-wrap:wrap;align-items:center}
"""


@dataclass(frozen=True)
class Page:
    status: int
    html: str = ""
    location: str = ""


def answer(sandbox: Sandbox, sender: Sender, method: str, path: str, form: Thing) -> Page:
    """A page, or after a POST where to go next."""
    name, _, rest = path.strip("/").partition("/")
    act = ACTS.get((method, name))
    if act is None:
        return Page(404, page("Not found", "<p>There is nothing here.</p>"))
    try:
        return act(sandbox, sender, rest, form)
    except Refusal as refusal:
        return Page(refusal.status, page("That did not work", f'<p class="bad">{escape(str(refusal))}</p>'))


def page(title: str, body: str, *, slim: bool = False) -> str:
    links = (
        ("/", "Overview"),
        ("/_sandbox", "Desk"),
        ("/objects/session", "Objects"),
        ("/deliveries", "Deliveries"),
        ("/clock", "Clock"),
    )
    nav = "" if slim else "".join(f'<a href="{href}">{name}</a>' for href, name in links)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · Stripe sandbox</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/sandbox.css">'
        '</head><body><header class="banner"><b>Sandbox money.</b> This page stands in for Stripe. No card or'
        f" bank is touched.</header>{f'<nav>{nav}</nav>' if nav else ''}<main{' class=slim' if slim else ''}>"
        f"<h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def _button(action: str, value: str, label: str, *, small: bool = False, primary: bool = False) -> str:
    classes = " ".join(name for name, on in (("small", small), ("primary", primary)) if on)
    return (
        f'<form method="post" action="{escape(action)}"><button class="{classes}" name="do" value="{escape(value)}">'
        f"{escape(label)}</button></form>"
    )


# --- hosted checkout --------------------------------------------------------------------------------------------------


WAYS: Final = {
    "card": "by card",
    "us_bank_account": "by bank debit (arrives in two days)",
    "customer_balance": "by bank transfer (arrives in two days)",
}


def _checkout(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    session = sandbox.find("session", key)
    if session["status"] != "open":
        return Page(200, page("This payment is over", f"<p>It is {escape(session['status'])}.</p>", slim=True))
    amount = show(session["amount_total"], session["currency"])
    declined = '<p class="bad" role="alert">Your card was declined. Nothing was charged.</p>'
    body = (
        f'<section class="card"><p class="muted">{escape(session["_title"])}</p><p class="sum">{amount}</p>'
        f'{declined if session.get("_declined") else ""}<div class="choices">'
        + "".join(
            _button(f"/pay/{key}", way, f"Pay {amount} {WAYS[way]}", primary=not position)
            for position, way in enumerate(session["payment_method_types"])
        )
        + _button(f"/pay/{key}", "decline", "Use a card that is declined")
        + _button(f"/pay/{key}", "cancel", "Cancel and go back")
        + "</div></section>"
    )
    return Page(200, page("Pay", body, slim=True))


def _pay(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    session, act = sandbox.find("session", key), form.get("do")
    if act == "cancel":
        return Page(303, location=session["cancel_url"] or "/")
    if act not in WAYS:
        sandbox.decline(key)
        return Page(303, location=f"/pay/{key}")
    sandbox.pay(key, act)
    url = (session["success_url"] or "/").replace("{CHECKOUT_SESSION_ID}", key)
    return Page(303, location=url)


def _invoice(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    invoice = sandbox.find("invoice", key)
    return _paper("Invoice", key, invoice["amount_paid"], invoice["currency"])


def _receipt(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    charge = sandbox.find("charge", key)
    return _paper("Receipt", key, charge["amount"], charge["currency"])


def _instructions(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    intent = sandbox.find("intent", key)
    return _paper("Send this amount by bank transfer", key, intent["amount"], intent["currency"])


def _paper(title: str, key: str, amount: int, currency: str) -> Page:
    words = (
        f'<section class="card"><p class="muted">{escape(key)}</p><p class="sum">{show(amount, currency)}</p></section>'
    )
    return Page(200, page(title, words, slim=True))


# --- hosted onboarding ------------------------------------------------------------------------------------------------

CHOICES: Final = {
    "verified": "Everything is verified",
    "checking": "Sent, Stripe is still checking",
    "needs_info": "Stripe needs more information",
    "unsupported": "The country is not supported",
}


def _onboarding(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    link = sandbox.find("link", key)
    account = sandbox.find("account", link["account"])
    buttons = "".join(
        _button(f"/onboard/{key}", value, label, primary=value == "verified") for value, label in CHOICES.items()
    )
    body = (
        f'<section class="card"><p>{escape(account["display_name"] or "")}</p>'
        '<p class="muted">Stripe would ask for your identity and your bank account. Choose how its checks end.</p>'
        f'<div class="choices">{buttons}</div></section>'
    )
    return Page(200, page("Set up your payouts", body, slim=True))


def _onboard(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    link, outcome = sandbox.find("link", key), form.get("do", "")
    if outcome not in OUTCOMES:
        raise Refusal("Choose one of the outcomes.")
    sandbox.onboard(link["account"], outcome)
    case = link["use_case"][link["use_case"]["type"]]
    return Page(303, location=case.get("return_url") or "/")


# --- looking around ---------------------------------------------------------------------------------------------------


def _overview(sandbox: Sandbox, sender: Sender, rest: str, form: Thing) -> Page:
    held = sandbox.balance("")
    rows = "".join(
        f"<tr><th scope=row>{name}</th><td>{', '.join(show(n, c) for c, n in part.items()) or '$0.00'}</td></tr>"
        for name, part in held.items()
    )
    kinds = "".join(
        f'<li><a href="/objects/{kind}">{kind}</a>: {sandbox.store.count(kind)}</li>'
        for kind in sandbox.store.kinds()
        if kind not in ("reply", "meta")
    )
    debits = "".join(
        f'<div class="row"><span>{show(s["amount_total"], s["currency"])} by bank, {escape(s["_title"])}</span>'
        + _button(f"/settle/{s['id']}", "arrives", "It arrives", small=True)
        + _button(f"/settle/{s['id']}", "bounces", "It bounces", small=True)
        + "</div>"
        for s in sandbox.store.all("session")
        if s.get("_settles_at")
    )
    body = (
        f'<section class="card"><h2>Platform balance</h2><table>{rows}</table></section>'
        f'<section class="card"><h2>Bank debits and transfers on their way</h2>{debits or "<p>None.</p>"}</section>'
        f'<section class="card"><h2>Objects</h2><ul>{kinds or "<li>None yet.</li>"}</ul></section>'
    )
    return Page(200, page("Stripe sandbox", body))


def _objects(sandbox: Sandbox, sender: Sender, kind: str, form: Thing) -> Page:
    found = list(sandbox.store.all(kind))[::-1][:100]
    cards = "".join(
        f'<section class="card"><h2>{escape(thing.get("id", kind))}</h2>{_choices(kind, thing)}'
        f"<pre tabindex=0>{escape(json.dumps(public(thing), indent=2))}</pre></section>"
        for thing in found
    )
    return Page(200, page(f"{kind}: {sandbox.store.count(kind)}", cards or "<p>None yet.</p>"))


def _choices(kind: str, thing: Thing) -> str:
    """What can be done to an object from its page."""
    if kind == "account":
        return _bank(thing) + row(f"/capability/{thing['id']}", CHOICES)
    spot, choices = choices_of(kind, thing)
    return row(spot, choices) if choices else ""


def choices_of(kind: str, thing: Thing) -> tuple[str, dict[str, str]]:
    """Where its buttons lead, and what each is called; none where nothing can be done any more."""
    if kind == "charge" and thing["status"] == "succeeded" and not thing["disputed"]:
        return f"/dispute/{thing['id']}", {"dispute": "The bank disputes it", "inquiry": "The bank asks about it"}
    if kind == "dispute" and thing["status"] not in disputes.OUTCOMES:
        return f"/dispute/{thing['id']}", DISPUTE_CHOICES
    if kind == "refund" and thing["status"] == "succeeded":
        return f"/refund/{thing['id']}", {"fail": "Let it fail"}
    if kind == "transfer" and not thing["reversed"]:
        return f"/reverse/{thing['id']}", {"half": "Reverse half of what is left", "all": "Reverse all of it"}
    return "", {}


DISPUTE_CHOICES: Final = {
    "evidence": "Hand in evidence",
    "withdraw": "The money is taken",
    "won": "Won",
    "lost": "Lost",
    "warning_closed": "The inquiry is closed",
}


def row(spot: str, choices: dict[str, str]) -> str:
    buttons = "".join(_button(spot, value, label, small=True) for value, label in choices.items())
    return f'<div class="row">{buttons}</div>'


def _dispute(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    """`key`: a charge, or the dispute about it."""
    act = form.get("do", "")
    if act in ("dispute", "inquiry"):
        disputes.dispute(sandbox, key, inquiry=act == "inquiry")
    elif act == "evidence":
        disputes.submit_evidence(sandbox, key, {})
    elif act == "withdraw":
        disputes.withdraw(sandbox, key)
    else:
        disputes.close(sandbox, key, act)
    return Page(303, location="/objects/dispute")


def _set_capability(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    if form.get("do") not in OUTCOMES:
        raise Refusal("Choose one of the outcomes.")
    sandbox.onboard(key, form["do"])
    return Page(303, location="/objects/account")


def _bank(account: Thing) -> str:
    spot = f"/bank/{quote(account['id'])}"
    return (
        f'<div class="row"><span>Bank account: {escape(account["_bank"])}</span>'
        + _button(spot, "account_closed", "Close it", small=True)
        + _button(spot, "ok", "Mend it", small=True)
        + "</div>"
    )


def _fail_refund(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    sandbox.fail_refund(key)
    return Page(303, location="/objects/refund")


def _reverse(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    transfer = sandbox.find("transfer", key)
    left = transfer["amount"] - transfer["amount_reversed"]
    reversals.reverse(sandbox, key, {"amount": left // 2} if form.get("do") == "half" else {})
    return Page(303, location="/objects/transfer")


def _set_bank(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    sandbox.set_bank(key, form.get("do", "ok"))
    return Page(303, location="/objects/account")


def _settle(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    sandbox.settle(key, arrives=form.get("do") == "arrives")
    return Page(303, location="/")


def _deliveries(sandbox: Sandbox, sender: Sender, rest: str, form: Thing) -> Page:
    rows = "".join(
        f"<tr><td>{escape(d['type'])}</td><td>{d['endpoint']}</td><td>{d['tries']}</td>"
        f"<td>{escape(d['answer']) or 'waiting'}</td><td>"
        + _button(f"/deliveries/{d['id']}", "send", "Send again" if d["done"] else "Send now", small=True)
        + "</td></tr>"
        for d in list(sandbox.store.all("delivery"))[::-1][:200]
    )
    head = "<tr><th>Event</th><th>Endpoint</th><th>Tries</th><th>Answer</th><th>Send</th></tr>"
    return Page(
        200, page("Webhook deliveries", f'<div class="card scroll" tabindex="0"><table>{head}{rows}</table></div>')
    )


def _send(sandbox: Sandbox, sender: Sender, key: str, form: Thing) -> Page:
    sender.send(key)
    return Page(303, location="/deliveries")


def _clock(sandbox: Sandbox, sender: Sender, rest: str, form: Thing) -> Page:
    here = time.strftime("%a %d %b %Y, %H:%M UTC", time.gmtime(sandbox.now()))
    body = (
        f'<section class="card"><p class="sum">{here}</p><p class="muted">Card payments are available after two days;'
        ' then Stripe pays to the banks.</p><div class="choices">'
        + _button("/clock", "2", "Move on two days", primary=True)
        + _button("/clock", "1", "Move on one day")
        + "</div></section>"
    )
    return Page(200, page("Clock", body))


def _move(sandbox: Sandbox, sender: Sender, rest: str, form: Thing) -> Page:
    days = form.get("do", "1")
    if days not in ("1", "2"):
        raise Refusal(f"The clock moves by one day or two ({DAY} s each).")
    sandbox.advance(int(days))
    return Page(303, location="/clock")


Act = Callable[[Sandbox, Sender, str, Thing], Page]
ACTS: Final[dict[tuple[str, str], Act]] = {
    ("GET", ""): _overview,
    ("GET", "pay"): _checkout,
    ("POST", "pay"): _pay,
    ("GET", "invoice"): _invoice,
    ("GET", "receipt"): _receipt,
    ("GET", "instructions"): _instructions,
    ("GET", "onboard"): _onboarding,
    ("POST", "onboard"): _onboard,
    ("GET", "objects"): _objects,
    ("POST", "bank"): _set_bank,
    ("POST", "capability"): _set_capability,
    ("POST", "dispute"): _dispute,
    ("POST", "refund"): _fail_refund,
    ("POST", "reverse"): _reverse,
    ("POST", "settle"): _settle,
    ("GET", "deliveries"): _deliveries,
    ("POST", "deliveries"): _send,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _move,
}
