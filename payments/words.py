"""What Stripe's codes mean, in words for the person who reads them. Pure."""

from __future__ import annotations

from typing import Final

# v2 capability status_details[].code (stripe.v2.core.Account)
CAPABILITY: Final = {
    "requirements_past_due": "Stripe waits for information from you.",
    "requirements_pending_verification": "Stripe is checking what you sent. There is nothing to do.",
    "determining_status": "Stripe is still working out whether it can pay you.",
    "restricted_other": "Stripe has restricted the account. Stripe's support can tell you why.",
    "unsupported_business": "Stripe does not support this kind of business.",
    "unsupported_country": "Stripe does not support payouts in this country.",
    "unsupported_entity_type": "Stripe does not support this kind of legal entity.",
}
RESOLUTION: Final = {
    "provide_info": "Stripe waits for information from you.",
    "contact_stripe": "Please write to Stripe's support.",
    "no_resolution": "Stripe cannot pay to this account.",
}

# v2 requirements.entries[].description is a path of the field that is missing
REQUIREMENT: Final = {
    "identity.individual.id_numbers": "Your tax or national identity number",
    "identity.individual.date_of_birth": "Your date of birth",
    "identity.individual.address": "Your home address",
    "identity.individual.given_name": "Your given name",
    "identity.individual.surname": "Your surname",
    "identity.individual.email": "Your e-mail address",
    "identity.individual.phone": "Your phone number",
    "identity.individual.documents.primary_verification": "A picture of your identity document",
    "identity.attestations.terms_of_service": "Your acceptance of Stripe's terms",
    "configuration.recipient.default_outbound_destination": "A bank account to pay to",
}

# payout.failure_code (docs.stripe.com/api/payouts/failures)
BANK: Final = {
    "account_closed": "Your bank account is closed. Add another one at Stripe.",
    "account_frozen": "Your bank account is frozen. Speak to your bank, or add another account at Stripe.",
    "bank_account_restricted": "Your bank account does not take this kind of payment. Add another one at Stripe.",
    "could_not_process": "Your bank could not process the payment. Stripe tries again.",
    "debit_not_authorized": "Your bank did not authorise the payment. Speak to your bank.",
    "incorrect_account_holder_name": "The name on the bank account is not the one at Stripe. Correct it there.",
    "invalid_account_number": "The account number is wrong. Correct it at Stripe.",
    "invalid_currency": "Your bank account does not take this currency. Add another one at Stripe.",
    "no_account": "The bank found no such account. Correct it at Stripe.",
}


# charge.failure_code of a bank debit (docs.stripe.com/payments/ach-direct-debit)
PAYMENT: Final = {
    "account_closed": "The bank account is closed.",
    "bank_account_restricted": "The bank account does not allow this kind of debit.",
    "debit_not_authorized": "The bank says that the debit was not authorised.",
    "insufficient_funds": "The bank account did not hold enough.",
    "no_account": "The bank found no such account.",
}


def payment_failure(code: str, message: str) -> str:
    return PAYMENT.get(code) or message or "Stripe gives no reason."


# dispute.reason (docs.stripe.com/disputes/categories)
DISPUTE: Final = {
    "bank_cannot_process": "The bank could not process the payment.",
    "credit_not_processed": "A refund was promised and did not come.",
    "customer_initiated": "The account's owner asked for the money back.",
    "debit_not_authorized": "The debit was not authorised.",
    "duplicate": "The payment was made twice.",
    "fraudulent": "The card's owner did not make the payment.",
    "incorrect_account_details": "The account's details are wrong.",
    "insufficient_funds": "The account does not hold enough.",
    "product_not_received": "What was paid for did not come.",
    "product_unacceptable": "What was paid for is not as described.",
    "subscription_canceled": "A subscription was cancelled.",
    "unrecognized": "The card's owner does not recognise the payment.",
}


def dispute_reason(code: str) -> str:
    return DISPUTE.get(code) or f"{code.replace('_', ' ').capitalize()}."


def capability(code: str, resolution: str) -> str:
    return CAPABILITY.get(code) or RESOLUTION.get(resolution) or f"Stripe says: {code}."


def requirement(path: str) -> str:
    """The longest known path wins: `identity.individual.address.city` is a part of the address."""
    known = [name for name in REQUIREMENT if path == name or path.startswith(f"{name}.")]
    return REQUIREMENT[max(known, key=len)] if known else path.replace("_", " ").replace(".", ", ")


def bank_failure(code: str, message: str) -> str:
    return BANK.get(code) or message or "The bank returned the payment. Check your bank account at Stripe."
