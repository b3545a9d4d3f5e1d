"""Data Integrity: proofs that stand inside a credential, over its graph (rdfc) or its text (jcs). Checked and made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric import ed25519

from experts.diplomas.dates import instant
from experts.diplomas.documents import Document
from experts.diplomas.graph import Node, canonical, digest, from_json, from_quads
from experts.diplomas.issuers import Fetch, Pinned, keys_of
from experts.diplomas.keys import PublicKey, fits, from_multibase, holds, to_multibase
from experts.diplomas.verdicts import Finding, Problem, Proof, Reason

MAX_PROOFS = 4
Hashed = Callable[[Document, Document], bytes]  # (credential without its proofs, proof options) → what is signed


def _rdfc(algorithm: str) -> Hashed:
    def hashed(document: Document, options: Document) -> bytes:
        options = {**options, "@context": document.get("@context")}
        return digest(options, algorithm) + digest(document, algorithm)

    return hashed


def _jcs(algorithm: str) -> Hashed:
    def hashed(document: Document, options: Document) -> bytes:
        return b"".join(hashlib.new(algorithm, _as_text(each)).digest() for each in (options, document))

    return hashed


def _as_text(document: Document) -> bytes:
    try:
        return rfc8785.dumps(document)
    except rfc8785.CanonicalizationError as error:
        raise Problem(Reason.MALFORMED, f"no canonical form: {error}"[:120]) from None


@dataclass(frozen=True)
class Suite:
    """`algorithms`: by the kind of key, what makes the signature and the hash before it."""

    algorithms: MappingProxyType[str, Hashed]
    text: bool = False  # signs the text itself


_ED25519 = Suite(MappingProxyType({"EdDSA": _rdfc("sha256")}))
SUITES: MappingProxyType[str, Suite] = MappingProxyType(
    {
        "eddsa-rdfc-2022": _ED25519,
        "eddsa-2022": _ED25519,  # its name in the drafts that 1EdTech's samples follow
        "Ed25519Signature2020": _ED25519,
        "eddsa-jcs-2022": Suite(MappingProxyType({"EdDSA": _jcs("sha256")}), text=True),
        "ecdsa-rdfc-2019": Suite(MappingProxyType({"ES256": _rdfc("sha256"), "ES384": _rdfc("sha384")})),
    }
)


@dataclass(frozen=True)
class Checked:
    """What the proofs say of a document: the node that was signed, each proof, and what is wrong."""

    node: Node
    proofs: tuple[Proof, ...]
    findings: tuple[Finding, ...]


def check(document: Document, *, at: datetime, fetch: Fetch, pinned: Pinned) -> Checked:
    """Every proof that we can check must hold, and one must be there. Raises Problem where nothing can be read."""
    bare = {name: value for name, value in document.items() if name != "proof"}
    proofs = _proofs(document)
    suites = [SUITES.get(_suite_name(each)) for each in proofs]
    known = [suite for suite in suites if suite is not None]
    if not known:
        raise Problem(Reason.SUITE_UNKNOWN, _suite_name(proofs[0])[:60])
    # A graph is never read as text: of a document signed both ways only what both cover counts, and that is the graph.
    node = from_json(bare) if all(suite.text for suite in known) else from_quads(canonical(bare))
    issuer = next((each.id for each in node.nodes("issuer")), "")
    told: list[Proof] = []
    findings: list[Finding] = []
    for proof, suite in zip(proofs, suites, strict=True):
        if suite is not None:
            outcome, found = _one(bare, proof, suite, issuer, at=at, fetch=fetch, pinned=pinned)
            told.append(outcome)
            findings += found
    return Checked(node, tuple(told), tuple(findings))


def _proofs(document: Document) -> list[Document]:
    found = document.get("proof")
    proofs: list[Any] = found if isinstance(found, list) else [found]
    if not found:
        raise Problem(Reason.NO_PROOF)
    if len(proofs) > MAX_PROOFS:
        raise Problem(Reason.TOO_COMPLEX, f"more than {MAX_PROOFS} proofs")
    if not all(isinstance(each, dict) for each in proofs):
        raise Problem(Reason.MALFORMED, "a proof that is no object")
    return proofs


def _suite_name(proof: Document) -> str:
    kind = str(proof.get("type", ""))
    return str(proof.get("cryptosuite", "")) if kind == "DataIntegrityProof" else kind


def _one(
    bare: Document, proof: Document, suite: Suite, issuer: str, *, at: datetime, fetch: Fetch, pinned: Pinned
) -> tuple[Proof, list[Finding]]:
    told = {"kind": _suite_name(proof), "key": str(proof.get("verificationMethod", ""))[:300]}
    try:
        _fit(proof, at)
        keys = keys_of(issuer, told["key"], fetch=fetch, pinned=pinned)
        findings = [Finding(keys.doubt.reason, keys.doubt.detail)] if keys.doubt else []
        if not keys.keys:
            return Proof(**told), findings
        if not any(_holds(bare, proof, suite, key) for key in keys.keys):
            return Proof(**told, signature="fails"), [Finding(Reason.TAMPERED, told["kind"])]
    except Problem as problem:
        return Proof(**told), [Finding(problem.reason, problem.detail)]
    return Proof(**told, signature="holds"), findings


def _fit(proof: Document, at: datetime) -> None:
    if proof.get("proofPurpose") != "assertionMethod":
        raise Problem(Reason.PURPOSE, str(proof.get("proofPurpose"))[:60])
    if "previousProof" in proof:
        raise Problem(Reason.SUITE_UNKNOWN, "a chain of proofs")
    if "expires" in proof and instant(proof["expires"]) < at:
        raise Problem(Reason.EXPIRED, "the proof")


def _holds(bare: Document, proof: Document, suite: Suite, key: PublicKey) -> bool:
    signature = from_multibase(str(proof.get("proofValue", "")))
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    for algorithm, hashed in suite.algorithms.items():
        if fits(algorithm, key):
            return holds(algorithm, key, signature, hashed(_covered(bare, options, suite), options))
    raise Problem(Reason.ALGORITHM, "the key is of another kind than the signature says")


def sign(document: Document, key: ed25519.Ed25519PrivateKey, *, method: str, at: datetime, suite: str) -> Document:
    """The document with a proof by `key`, which `method` names. `suite`: eddsa-rdfc-2022 or eddsa-jcs-2022."""
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": suite,
        "created": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
    }
    if SUITES[suite].text:
        proof["@context"] = document["@context"]
    signature = key.sign(SUITES[suite].algorithms["EdDSA"](document, proof))
    return {**document, "proof": {**proof, "proofValue": to_multibase(signature)}}


def _covered(bare: Document, options: Document, suite: Suite) -> Document:
    """eddsa-jcs-2022 signs the contexts that its proof repeats; a document may have gained others at the end since."""
    if not suite.text or "@context" not in options:
        return bare
    signed, there = _listed(options["@context"]), _listed(bare.get("@context"))
    if there[: len(signed)] != signed:
        raise Problem(Reason.TAMPERED, "other contexts than were signed")
    return {**bare, "@context": options["@context"]}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
