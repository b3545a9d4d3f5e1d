"""32. No two acts share a key: not in the ledger, not at Stripe, whatever ids they have."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments import actions
from payments.models import Entry, Outbox
from tests.payments.stories import earned, funded, payee
from tests.rules.house import modules, name_of, tree
from tests.sandbox import LocalStripe

# Keys that are another builder's, passed on.
PASSED_ON = {"key", "row.key", "_account_key(payee, run)"}


def builders() -> Iterator[tuple[ast.JoinedStr, ast.Module]]:
    """Every f-string of payments/actions that is given as a key, with its module."""
    for path in modules():
        if not name_of(path).startswith("payments/actions/"):
            continue
        module = tree(path)
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef) and node.name == "_account_key":
                yield from ((part, module) for part in ast.walk(node) if isinstance(part, ast.JoinedStr))
            elif isinstance(node, ast.keyword) and node.arg == "key" and isinstance(node.value, ast.JoinedStr):
                yield node.value, module
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "_book":  # passes it on as its `key`
                yield from ((part, module) for part in node.args if isinstance(part, ast.JoinedStr))
            elif isinstance(node, ast.keyword) and node.arg == "key" and not isinstance(node.value, ast.Lambda):
                assert ast.unparse(node.value) in PASSED_ON, f"{name_of(path)}:{node.value.lineno}"


def first_words(name: str, module: ast.Module) -> list[str]:
    """All that the code ever gives a builder for its first word."""
    if name == "op":
        return list(Outbox.Op.values)
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call) and ast.unparse(node.func) == "_post"]
    return [str(ast.literal_eval(call.args[1])) for call in calls]


def shapes(builder: ast.JoinedStr, module: ast.Module) -> Iterator[str]:
    """The builder's text with {} for each id, once for each first word that it may have: "refund_back:{}"."""
    text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in builder.values)
    names = [ast.unparse(part.value) for part in builder.values if isinstance(part, ast.FormattedValue)]
    head, _, ids = text.partition(":")
    for word in first_words(names[0], module) if "{}" in head else ("",):
        yield f"{head.format(word)}:{ids}"


SHAPES = sorted(shape for builder, module in builders() for shape in shapes(builder, module))
NAMED = st.tuples(
    st.sampled_from(SHAPES), st.lists(st.from_regex(r"[A-Za-z0-9_]{1,40}", fullmatch=True), min_size=3, max_size=3)
)


def test_32_every_builder_begins_with_a_word_of_its_own() -> None:
    assert {"reversal_found:{}", "refund_back:{}", "expiry:{}:{}"} <= set(SHAPES)
    heads = [shape.partition(":")[0] for shape in SHAPES]
    assert len(set(heads)) == len(heads)
    assert all(head.isidentifier() for head in heads)


@settings(deadline=None)
@given(NAMED, NAMED)
def test_32_other_acts_or_other_ids_have_other_keys(one: tuple[str, list[str]], other: tuple[str, list[str]]) -> None:
    """Ids have no colon, so that a key can be read in one way only."""
    facts = [(shape, tuple(ids[: shape.count("{}")])) for shape, ids in (one, other)]
    keys = [shape.format(*ids) for shape, ids in facts]
    assert (keys[0] == keys[1]) == (facts[0] == facts[1])


@pytest.mark.django_db
def test_32_no_two_acts_of_a_story_share_a_key(stripe: LocalStripe) -> None:
    first, second = funded(stripe), funded(stripe)
    emil = payee(stripe).user
    for source in ("sub_a", "sub_b"):
        earned(emil, source=source)
        actions.make_payouts()
    actions.dispatch()
    ours = list(Entry.objects.values_list("key", flat=True))
    sent = list(stripe.sandbox.store._things["reply"])
    rows = list(Outbox.objects.values_list("key", flat=True))
    assert len(set(ours)) == len(ours) == 2 * 2 + 2 + 2 + 2 + 2
    assert len(set(sent)) == len(sent)
    assert {f":{row}" for row in rows} <= set(sent)
    assert all(len(key) <= 120 for key in (*ours, *sent))
    assert {shape.partition(":")[0] for shape in SHAPES} >= {key.partition(":")[0] for key in ours}
    assert first.public_id != second.public_id
