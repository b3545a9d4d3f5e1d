"""Addresses of people, as far as the network's growth compares them. Pure."""

from __future__ import annotations

DOTLESS = {"gmail.com", "googlemail.com"}  # a.b@ and ab@ are one mailbox there


def mailbox(address: str) -> str:
    """The mailbox behind an address: `Emil+quorum@Example.org` → `emil@example.org`."""
    local, _, domain = address.strip().lower().rpartition("@")
    local = local.partition("+")[0]
    if domain in DOTLESS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def same_mailbox(one: str, other: str) -> bool:
    return mailbox(one) == mailbox(other)
