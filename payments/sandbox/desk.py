"""One page of all money that can go back: contest a charge, decide it, let a refund fail, reverse a transfer."""

from __future__ import annotations

from html import escape
from typing import Final

from payments.money import show
from payments.sandbox import pages
from payments.sandbox.engine import Sandbox
from payments.sandbox.pages import Page
from payments.sandbox.store import Thing
from payments.sandbox.webhooks import Sender

HERE: Final = "/_sandbox"
SHOWN: Final = 25  # newest, of each kind
KINDS: Final = {"charge": "Charges", "dispute": "Disputes", "refund": "Refunds", "transfer": "Transfers"}


def answer(sandbox: Sandbox, sender: Sender, method: str, path: str, form: Thing) -> Page:
    """The desk, or what one of its buttons does; then the desk again."""
    if method == "GET":
        return Page(200, _desk(sandbox))
    done = pages.answer(sandbox, sender, method, path.removeprefix(HERE), form)
    return Page(303, location=HERE) if done.status == 303 else done


def _desk(sandbox: Sandbox) -> str:
    tables = "".join(_table(sandbox, kind, title) for kind, title in KINDS.items())
    told = "".join(_told(delivery) for delivery in _newest(sandbox, "delivery"))
    return pages.page("Desk", tables + _card("What the product was told", "Event", "Answer", told))


def _told(delivery: Thing) -> str:
    again = {"send": "Send again" if delivery["done"] else "Send now"}
    button = pages.row(f"{HERE}/deliveries/{delivery['id']}", again)
    answer = escape(delivery["answer"]) or "waiting"
    return f"<tr><td>{escape(delivery['type'])}{button}</td><td>{answer}</td></tr>"


def _newest(sandbox: Sandbox, kind: str) -> list[Thing]:
    return list(sandbox.store.all(kind))[: -SHOWN - 1 : -1]


def _table(sandbox: Sandbox, kind: str, title: str) -> str:
    rows = ""
    for thing in _newest(sandbox, kind):
        spot, choices = pages.choices_of(kind, thing)
        buttons = pages.row(HERE + spot, choices) if choices else ""
        amount = show(thing["amount"], thing["currency"])
        rows += f"<tr><td>{thing['id']}<br>{amount}{buttons}</td><td>{escape(_state(kind, thing))}</td></tr>"
    return _card(f'<a href="/objects/{kind}">{title}</a>', "Object", "State", rows)


def _state(kind: str, thing: Thing) -> str:
    if kind == "transfer":
        return f"{show(thing['amount_reversed'], thing['currency'])} came back" if thing["amount_reversed"] else "sent"
    return f"{thing['status']}, disputed" if thing.get("disputed") else str(thing["status"])


def _card(title: str, what: str, state: str, rows: str) -> str:
    head = f"<tr><th>{what}</th><th>{state}</th></tr>"
    body = f"<table>{head}{rows}</table>" if rows else "<p>None yet.</p>"
    return f'<section class="card"><h2>{title}</h2><div class="scroll" tabindex="0">{body}</div></section>'
