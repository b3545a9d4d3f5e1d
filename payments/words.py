"""What Stripe's codes mean, in words for the person who reads them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# v2 capability status_details[].code and .resolution (stripe.v2.core.Account); a test holds the tables to the SDK
_REJECTED: Final = "Stripe has closed the account and pays nothing to it."
CAPABILITY: Final = {
    "determining_status": "Stripe is still working out whether it can pay you. There is nothing to do.",
    "rejected_fraud": f"{_REJECTED} It suspects fraud; its support can tell you more.",
    "rejected_incomplete_verification": f"{_REJECTED} What it asked for did not come in time; write to its support.",
    "rejected_listed": f"{_REJECTED} A name on the account stands on a sanctions list; write to its support.",
    "rejected_other": f"{_REJECTED} Its support can tell you why.",
    "rejected_platform_fraud": f"{_REJECTED} Quorum asked for it, because of fraud; write to our support.",
    "rejected_platform_other": f"{_REJECTED} Quorum asked for it; write to our support.",
    "rejected_platform_terms_of_service": f"{_REJECTED} Quorum asked for it: its terms were broken. Write to us.",
    "rejected_terms_of_service": f"{_REJECTED} It says that its terms were broken; write to its support.",
    "requirements_past_due": "Stripe waits for information from you, and pays nothing out before it has it.",
    "requirements_pending_verification": "Stripe is checking what you sent. There is nothing to do.",
    "restricted_other": "Stripe has restricted the account. Stripe's support can tell you why.",
    "unsupported_business": "Stripe does not support this kind of business. If it is wrong, correct it.",
    "unsupported_country": "Stripe does not support payouts in this country.",
    "unsupported_entity_type": "Stripe does not support this kind of legal entity. Say that you are an individual.",
}
RESOLUTION: Final = {
    "provide_info": "Stripe waits for information from you.",
    "contact_stripe": "Please write to Stripe's support.",
    "no_resolution": "Stripe cannot pay to this account.",
}

# v2 requirements.entries[].description is a path of what is missing: (what to do, why). The longest known path wins.
_WHO: Final = "the law wants Stripe to know whom it pays"
_SEEN: Final = "Stripe could not confirm it from what you typed"
_FIRM: Final = "you said that a company is paid, and the law wants Stripe to know it"
_TERMS: Final = "Stripe pays only who has agreed to its terms"
REQUIREMENT: Final[dict[str, tuple[str, str]]] = {
    "identity.individual": ("Complete your personal details", _WHO),
    "identity.individual.additional_addresses": ("Give the other addresses you live at", _WHO),
    "identity.individual.additional_names": ("Give the other names you go by", _WHO),
    "identity.individual.address": ("Give your home address", _WHO),
    "identity.individual.date_of_birth": ("Give your date of birth", _WHO),
    "identity.individual.documents": ("Upload the document that Stripe asks for", _SEEN),
    "identity.individual.documents.company_authorization": ("Show that you may act for your company", _SEEN),
    "identity.individual.documents.passport": ("Upload a picture of your passport", _SEEN),
    "identity.individual.documents.primary_verification": ("Upload a picture of your identity document", _SEEN),
    "identity.individual.documents.secondary_verification": ("Upload a second document, such as a bill", _SEEN),
    "identity.individual.documents.visa": ("Upload a picture of your visa", _SEEN),
    "identity.individual.email": ("Give your e-mail address", "Stripe writes to you when something is missing"),
    "identity.individual.given_name": ("Give your given name, as on your documents", _WHO),
    "identity.individual.id_numbers": ("Give your tax or national identity number", _WHO),
    "identity.individual.legal_gender": ("Give your legal gender", "your country's law asks for it"),
    "identity.individual.nationalities": ("Give your nationality", _WHO),
    "identity.individual.phone": ("Give your phone number", "Stripe sends a code to it when you sign in"),
    "identity.individual.political_exposure": ("Say whether you hold a public office", "the law asks it of everybody"),
    "identity.individual.relationship": ("Say what you are in your company", _FIRM),
    "identity.individual.script_addresses": ("Give your address in kana and kanji", _WHO),
    "identity.individual.script_names": ("Give your name in kana and kanji", _WHO),
    "identity.individual.surname": ("Give your surname, as on your documents", _WHO),
    "identity.attestations": ("Confirm the declarations that Stripe shows", _TERMS),
    "identity.attestations.directorship_declaration": ("Confirm who directs your company", _FIRM),
    "identity.attestations.ownership_declaration": ("Confirm who owns your company", _FIRM),
    "identity.attestations.persons_provided": ("Confirm that you named everybody of your company", _FIRM),
    "identity.attestations.representative_declaration": ("Confirm that you may act for your company", _FIRM),
    "identity.attestations.terms_of_service": ("Accept Stripe's terms", _TERMS),
    "identity.business_details": ("Complete your company's details, or say that you are an individual", _FIRM),
    "identity.country": ("Name your country", "what Stripe must ask depends on it"),
    "identity.entity_type": ("Say that you are an individual", "what Stripe must ask depends on it"),
    "configuration.recipient": ("Complete how you are paid", "Stripe cannot pay before"),
    "configuration.recipient.default_outbound_destination": ("Add a bank account", "the money needs a place to go to"),
}

# v2 requirements.entries[].errors[].code: why what was given does not do
_ADDRESS: Final = "Stripe does not take this kind of address. Give the one where you live."
_SITE: Final = "Stripe has a question about the website you gave. Correct it, or leave it out if you have none."
_STATEMENT: Final = "The text for bank statements does not do. Correct it at Stripe."
_COMPANY: Final = "Stripe's records of the company differ. Correct its people, or say that you are an individual."
_PAGE: Final = "Upload it again: a colour picture of the whole original, sharp and without glare."
_DIFFERS: Final = "Correct what you typed, or upload a document that says the same."
ERROR: Final = {
    "invalid_address_city_state_postal_code": "City, state and postal code do not fit together. Correct them.",
    "invalid_address_cmra_address": _ADDRESS,
    "invalid_address_highway_contract_box": _ADDRESS,
    "invalid_address_private_mailbox": _ADDRESS,
    "invalid_address_registered_agent_address": _ADDRESS,
    "invalid_business_profile_name": "The business name does not do. Give your own name.",
    "invalid_business_profile_name_denylisted": "The business name is not allowed. Give your own name.",
    "invalid_company_name_denylisted": "The company's name is not allowed. Give its registered name.",
    "invalid_dob_age_over_maximum": "The date of birth is too long ago. Correct it.",
    "invalid_dob_age_under_18": "By the date of birth you are under 18. Correct it if it is wrong.",
    "invalid_dob_age_under_minimum": "By the date of birth you are too young for Stripe. Correct it if it is wrong.",
    "invalid_product_description_length": "The description of your work is too short or too long. Write two sentences.",
    "invalid_product_description_url_match": "The description of your work does not fit the website. Correct one.",
    "invalid_representative_country": "You must live in the country of the account. Write to Stripe's support.",
    "invalid_statement_descriptor_business_mismatch": _STATEMENT,
    "invalid_statement_descriptor_denylisted": _STATEMENT,
    "invalid_statement_descriptor_length": _STATEMENT,
    "invalid_statement_descriptor_prefix_denylisted": _STATEMENT,
    "invalid_statement_descriptor_prefix_mismatch": _STATEMENT,
    "invalid_street_address": "Stripe does not find this street. Correct it.",
    "invalid_tax_id": "The tax number is not valid. Correct it.",
    "invalid_tax_id_format": "The tax number does not have the form of your country's. Correct it.",
    "invalid_tos_acceptance": "Stripe's terms were not accepted rightly. Accept them once more.",
    "invalid_value_other": "What you gave is not valid. Correct it.",
    "unresolvable_ip_address": "Stripe could not see where its terms were accepted. Accept them once more.",
    "unresolvable_postal_code": "Stripe does not find this postal code. Correct it.",
    "verification_document_address_mismatch": f"The address on the document is another one. {_DIFFERS}",
    "verification_document_address_missing": "The document does not show your address. Upload one that does.",
    "verification_document_corrupt": f"The file is damaged. {_PAGE}",
    "verification_document_country_not_supported": "Stripe does not take this country's documents. Upload another.",
    "verification_document_dob_mismatch": f"The date of birth on the document is another one. {_DIFFERS}",
    "verification_document_duplicate_type": "You uploaded this kind of document before. Upload another kind.",
    "verification_document_expired": "The document has expired. Upload one that is valid.",
    "verification_document_failed_copy": f"The picture shows a copy. {_PAGE}",
    "verification_document_failed_greyscale": f"The picture has no colours. {_PAGE}",
    "verification_document_failed_other": f"Stripe cannot use the document. {_PAGE}",
    "verification_document_failed_test_mode": "This is a document for tests. Upload a real one.",
    "verification_document_fraudulent": "Stripe believes that the document is not genuine. Write to its support.",
    "verification_document_id_number_mismatch": f"The number on the document is another one. {_DIFFERS}",
    "verification_document_id_number_missing": "The document does not show its number. Upload one that does.",
    "verification_document_incomplete": f"A part of the document is missing. {_PAGE}",
    "verification_document_invalid": "Stripe does not take this document. Upload a passport, identity card or licence.",
    "verification_document_issue_or_expiry_date_missing": f"The document's dates cannot be seen. {_PAGE}",
    "verification_document_manipulated": f"The picture was changed. {_PAGE}",
    "verification_document_missing_back": "The back of the document is missing. Upload both sides.",
    "verification_document_missing_front": "The front of the document is missing. Upload both sides.",
    "verification_document_name_mismatch": f"The name on the document is another one. {_DIFFERS}",
    "verification_document_name_missing": "The document does not show your name. Upload one that does.",
    "verification_document_nationality_mismatch": f"The nationality on the document is another one. {_DIFFERS}",
    "verification_document_not_readable": f"The document cannot be read. {_PAGE}",
    "verification_document_not_signed": "The document is not signed. Sign it and upload it again.",
    "verification_document_not_uploaded": "No document arrived. Upload it again.",
    "verification_document_photo_mismatch": "The photo does not look like you. Upload another document.",
    "verification_document_too_large": "The file is too large. Upload one below 10 MB.",
    "verification_document_type_not_supported": "Stripe does not take this kind of document. Upload another kind.",
    "verification_failed_address_match": "Stripe could not confirm your address. Correct it, or upload a proof of it.",
    "verification_failed_document_match": f"The document and what you typed differ. {_DIFFERS}",
    "verification_failed_id_number_match": "Stripe could not confirm your number. Correct it, or upload a document.",
    "verification_failed_keyed_identity": "Stripe could not confirm who you are. Correct it, or upload a document.",
    "verification_failed_keyed_match": "Stripe could not confirm what you typed. Correct it, or upload a document.",
    "verification_failed_name_match": "Stripe could not confirm your name. Write it as on your documents.",
    "verification_failed_other": "Stripe could not confirm this. Correct it, or write to Stripe's support.",
    "verification_failed_residential_address": "Stripe could not confirm that you live there. Upload a proof.",
    "verification_failed_tax_id_match": "The tax number belongs to another name. Correct one of them.",
    "verification_failed_tax_id_not_issued": "Nobody has this tax number. Correct it.",
    "verification_selfie_document_missing_photo": "The document has no photo. Upload one that has.",
    "verification_selfie_face_mismatch": "Your picture and the document's differ. Take it again.",
    "verification_selfie_manipulated": "Your picture was changed. Take it again.",
    "verification_selfie_unverified_other": "Stripe could not use your picture. Take it again in better light.",
    "verification_supportability": "Stripe must look at what you do before it can pay. Write to its support.",
    "verification_token_stale": "Something changed since you confirmed it. Confirm it once more.",
}
ERROR_KIND: Final = (  # what belongs to companies and websites, of which an expert seldom has one
    ("invalid_url_", _SITE),
    ("verification_failed_business_", _COMPANY),
    ("verification_failed_representative_", _COMPANY),
    ("verification_document_directors_", _COMPANY),
    ("verification_directors_", _COMPANY),
    ("verification_extraneous_", _COMPANY),
    ("verification_missing_", _COMPANY),
    ("verification_requires_", _COMPANY),
)

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
    kind = RESOLUTION.get(resolution, "Stripe cannot pay you at the moment.")
    return CAPABILITY.get(code) or f"{kind} Its own word for it: {code}."


def requirement(path: str, errors: Iterable[str] = ()) -> str:
    """What to do, why, and what was wrong with what is there already."""
    known = [name for name in REQUIREMENT if path == name or path.startswith(f"{name}.")]
    what, why = REQUIREMENT[max(known, key=len)] if known else (f"Stripe asks for {path}", "its own page says more")
    return " ".join([f"{what}: {why}.", *dict.fromkeys(map(error, errors))])


def error(code: str) -> str:
    kind = next((words for start, words in ERROR_KIND if code.startswith(start)), "")
    return ERROR.get(code) or kind or f"Stripe did not take what you gave. Its own word for it: {code}."


def bank_failure(code: str, message: str) -> str:
    return BANK.get(code) or message or "The bank returned the payment. Check your bank account at Stripe."
