"""Every code that Stripe's SDK knows has a sentence of ours; what it does not know yet is at least named."""

from __future__ import annotations

import typing
from typing import Any

import pytest
import typing_extensions
from stripe.params.v2.core import _account_create_params as params
from stripe.v2.core import Account

from payments import words
from payments.sandbox.contract import _NAMES

DETAIL = Account.Configuration.Recipient.Capabilities.StripeBalance.StripeTransfers.StatusDetail
ENTRY = Account.Requirements.Entry


def literals(kind: Any) -> set[str]:
    if typing.get_origin(kind) in (typing.Literal, typing_extensions.Literal):
        return set(typing.get_args(kind))
    return {word for part in typing.get_args(kind) if not isinstance(part, str) for word in literals(part)}


def fields(shape: Any) -> dict[str, Any]:
    return typing_extensions.get_type_hints(shape, localns=_NAMES)


def paths() -> list[str]:
    """What Stripe can ask of a person, as its own parameters name it."""
    individual, documents = (
        params.AccountCreateParamsIdentityIndividual,
        params.AccountCreateParamsIdentityIndividualDocuments,
    )
    attestations = params.AccountCreateParamsIdentityAttestations
    return [
        *(f"identity.individual.{name}" for name in fields(individual) if name != "metadata"),
        *(f"identity.individual.documents.{name}" for name in fields(documents)),
        *(f"identity.attestations.{name}" for name in fields(attestations)),
        *(f"identity.{name}" for name in fields(params.AccountCreateParamsIdentity)),
    ]


def test_what_the_sdk_knows_of_capabilities_has_a_sentence() -> None:
    assert literals(DETAIL.__annotations__["code"]) == set(words.CAPABILITY)
    assert literals(DETAIL.__annotations__["resolution"]) == set(words.RESOLUTION)


def test_what_the_sdk_knows_of_faults_has_a_sentence_of_its_own_or_of_its_kind() -> None:
    known = literals(ENTRY.Error.__annotations__["code"])
    assert len(known) > 90
    assert [code for code in sorted(known) if code in words.error(code)] == []
    assert set(words.ERROR) <= known  # nothing of ours that Stripe never says
    assert all(any(code.startswith(start) for code in known) for start, _ in words.ERROR_KIND)


@pytest.mark.parametrize("path", paths())
def test_what_the_sdk_lets_one_give_can_be_asked_for_in_words(path: str) -> None:
    said = words.requirement(path)
    assert path not in said
    assert ": " in said
    assert said.endswith(".")


def test_the_longest_known_path_wins_and_faults_follow_once() -> None:
    assert words.requirement("identity.individual.address.city").startswith("Give your home address: ")
    stale = "verification_document_expired"
    assert words.requirement("identity.individual.documents.passport", [stale, stale]).count("has expired") == 1


def test_unknown_codes_are_named() -> None:
    assert words.requirement("something.new_here") == "Stripe asks for something.new_here: its own page says more."
    assert words.error("brand_new").endswith("brand_new.")
    assert words.error("invalid_url_brand_new").startswith("Stripe has a question about the website")
    assert words.capability("brand_new", "contact_stripe").startswith("Please write to Stripe's support.")
    assert words.capability("brand_new", "brand_new").endswith("Its own word for it: brand_new.")
    assert words.bank_failure("brand_new", "Said by the bank.") == "Said by the bank."
    assert words.bank_failure("", "").startswith("The bank returned")
