"""The request contract, read from the installed SDK: its TypedDicts of parameters become checks.

An upgrade of `stripe` therefore re-tests every request we make, with no file of ours to keep in step.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import typing_extensions
from stripe import params as v1
from stripe._request_options import RequestOptions
from stripe._stripe_context import StripeContext
from stripe._stripe_object import UntypedStripeObject
from stripe.params import checkout
from stripe.params.v2 import core as v2
from stripe.params.v2.core import EventListParams

OPERATIONS: dict[str, Any] = {
    "account_create": v2.AccountCreateParams,
    "account_list": v2.AccountListParams,
    "account_retrieve": v2.AccountRetrieveParams,
    "account_link_create": v2.AccountLinkCreateParams,
    "session_create": checkout.SessionCreateParams,
    "session_expire": checkout.SessionExpireParams,
    "session_retrieve": checkout.SessionRetrieveParams,
    "customer_create": v1.CustomerCreateParams,
    "customer_list": v1.CustomerListParams,
    "customer_retrieve": v1.CustomerRetrieveParams,
    "invoice_retrieve": v1.InvoiceRetrieveParams,
    "intent_retrieve": v1.PaymentIntentRetrieveParams,
    "charge_retrieve": v1.ChargeRetrieveParams,
    "dispute_retrieve": v1.DisputeRetrieveParams,
    "dispute_list": v1.DisputeListParams,
    "dispute_update": v1.DisputeUpdateParams,
    "dispute_close": v1.DisputeCloseParams,
    "transfer_create": v1.TransferCreateParams,
    "transfer_retrieve": v1.TransferRetrieveParams,
    "transfer_list": v1.TransferListParams,
    "reversal_create": v1.TransferReversalCreateParams,
    "reversal_retrieve": v1.TransferReversalRetrieveParams,
    "reversal_list": v1.TransferReversalListParams,
    "refund_create": v1.RefundCreateParams,
    "refund_retrieve": v1.RefundRetrieveParams,
    "refund_list": v1.RefundListParams,
    "payout_retrieve": v1.PayoutRetrieveParams,
    "payout_list": v1.PayoutListParams,
    "balance_retrieve": v1.BalanceRetrieveParams,
    "transaction_retrieve": v1.BalanceTransactionRetrieveParams,
    "transaction_list": v1.BalanceTransactionListParams,
    "event_retrieve": v1.EventRetrieveParams,
    "event_list": v1.EventListParams,
    "thin_event_list": EventListParams,
}
_OPTIONS = frozenset(RequestOptions.__annotations__)
_UNIONS = (typing.Union, types.UnionType)
_NAMES = {"StripeContext": StripeContext, "Mapping": Mapping}


class Violation(ValueError):
    """The request is not one that the SDK's types allow. `param` names the place."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param


def check(operation: str, given: Mapping[str, Any], *, typed: bool) -> dict[str, Any]:
    """The parameters with their right types. `typed`: JSON (v2); otherwise every leaf is a string of a form (v1)."""
    return _dict(given, OPERATIONS[operation], "", typed)


@cache
def _fields(shape: Any) -> dict[str, Any]:
    hints = typing_extensions.get_type_hints(shape, localns=_NAMES, include_extras=True)
    return {name: hint for name, hint in hints.items() if name not in _OPTIONS}


def _dict(value: Any, shape: Any, at: str, typed: bool) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Violation(at, f"Invalid object: {at}")
    fields = _fields(shape)
    for name in value:
        if name not in fields:
            raise Violation(_join(at, name), f"Received unknown parameter: {_join(at, name)}")
    for name in shape.__required_keys__ - _OPTIONS:
        if name not in value:
            raise Violation(_join(at, name), f"Missing required param: {_join(at, name)}.")
    return {name: _value(item, fields[name], _join(at, name), typed) for name, item in value.items()}


def _value(value: Any, hint: Any, at: str, typed: bool) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing_extensions.NotRequired, typing_extensions.Required):
        return _value(value, typing.get_args(hint)[0], at, typed)
    if origin in _UNIONS:
        return _either(value, _strict(typing.get_args(hint)), at, typed)
    if typing_extensions.is_typeddict(hint):
        return _dict(value, hint, at, typed)
    return _SHAPES.get(origin, _leaf)(value, hint, at, typed)


def _literal(value: Any, hint: Any, at: str, typed: bool) -> Any:
    if value not in typing.get_args(hint):
        raise Violation(at, f"Invalid {at}: must be one of {', '.join(map(str, typing.get_args(hint)))}")
    return value


def _list(value: Any, hint: Any, at: str, typed: bool) -> list[Any]:
    if not isinstance(value, list):
        raise Violation(at, f"Invalid array: {at}")
    inner = typing.get_args(hint)[0]
    return [_value(item, inner, f"{at}[{n}]", typed) for n, item in enumerate(value)]


def _hash(value: Any, hint: Any, at: str, typed: bool) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(item, str) for item in value.values()):
        raise Violation(at, f"Invalid hash of strings: {at}")
    return dict(value)


def _strict(options: tuple[Any, ...]) -> list[Any]:
    """Open enums (`Literal[…] | str`) are held to their documented values; `Literal['']` only says "may be emptied"."""
    named = [o for o in options if typing.get_origin(o) is typing.Literal and set(typing.get_args(o)) != {""}]
    return [o for o in options if not (named and o is str)]


def _either(value: Any, options: list[Any], at: str, typed: bool) -> Any:
    *others, last = options
    for option in others:
        try:
            return _value(value, option, at, typed)
        except Violation:
            continue
    return _value(value, last, at, typed)


def _leaf(value: Any, hint: Any, at: str, typed: bool) -> Any:
    if hint is type(None):
        if value is None:
            return None
        raise Violation(at, f"Invalid null: {at}")
    if hint is bool:
        return _bool(value, at, typed)
    if hint in (int, float, Decimal):
        return _number(value, hint, at, typed)
    if hint is str and isinstance(value, str):
        return value
    raise Violation(at, f"Invalid {getattr(hint, '__name__', hint)}: {at}")


def _bool(value: Any, at: str, typed: bool) -> bool:
    if typed and isinstance(value, bool):
        return value
    if not typed and value in ("true", "false"):
        return bool(value == "true")
    raise Violation(at, f"Invalid boolean: {at}")


def _number(value: Any, hint: Any, at: str, typed: bool) -> Any:
    if typed and isinstance(value, int) and not isinstance(value, bool):
        return value
    if not typed and isinstance(value, str) and value.lstrip("-").isdigit():
        return hint(value)
    raise Violation(at, f"Invalid integer: {at}")


def _join(at: str, name: str) -> str:
    return f"{at}[{name}]" if at else name


_SHAPES: dict[Any, Any] = {typing.Literal: _literal, list: _list, dict: _hash, UntypedStripeObject: _hash}
