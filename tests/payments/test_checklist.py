"""The 37 things that money must survive, by number, and the test that shows each (docs/money.md names the invariants).

A test that is renamed fails here; a case without a test cannot be added.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.rules.house import ROOT

# case: what it is, and the tests that show it ("file::test", relative to tests/)
CASES: dict[int, tuple[str, tuple[str, ...]]] = {
    1: ("the database refuses what does not balance", ("payments/test_ledger.py::test_the_database_refuses",)),
    2: (
        "nothing posted is changed, removed or added to",
        (
            "payments/test_ledger.py::test_the_database_refuses",
            "payments/test_ledger.py::test_an_entry_is_closed_to_later_transactions",
        ),
    ),
    3: ("sixteen claims on funds for five", ("payments/test_races.py::test_sixteen_reserve_on_funds_for_five",)),
    4: ("two reviewers accept at once", ("tasks/test_races.py::test_two_reviewers_one_earning",)),
    5: ("accepted against expired", ("payments/test_races.py::test_accepted_or_expired_but_never_both",)),
    6: ("reversed twice", ("payments/test_ledger.py::test_a_reversal_puts_everything_back_once",)),
    7: (
        "a key comes again with other lines",
        ("payments/test_ledger.py::test_a_repeated_key_with_other_lines_is_an_error",),
    ),
    8: ("any order of acts", ("journey/test_any_order.py::test_money_survives_any_order_of_acts",)),
    9: (
        "killed before anything is sent",
        ("payments/test_delivery.py::test_09_killed_before_anything_is_sent_the_next_sweep_pays",),
    ),
    10: (
        "killed after Stripe answered",
        (
            "payments/test_delivery.py::test_10_killed_after_stripe_answered_the_transfer_is_adopted",
            "payments/test_delivery.py::test_10_a_dispatcher_whose_database_goes_away_is_made_up_for",
        ),
    ),
    11: (
        "done and booked together or not at all",
        (
            "payments/test_delivery.py::test_11_the_row_is_done_only_together_with_its_entry",
            "payments/test_delivery.py::test_10_killed_after_stripe_answered_the_transfer_is_adopted",
        ),
    ),
    12: ("500 before the effect", ("payments/test_delivery.py::test_12_to_16_a_fault_costs_time_and_never_money",)),
    13: ("500 after the effect", ("payments/test_delivery.py::test_12_to_16_a_fault_costs_time_and_never_money",)),
    14: ("a saved 500", ("payments/test_delivery.py::test_12_to_16_a_fault_costs_time_and_never_money",)),
    15: ("a lost or late answer", ("payments/test_delivery.py::test_12_to_16_a_fault_costs_time_and_never_money",)),
    16: ("429", ("payments/test_delivery.py::test_12_to_16_a_fault_costs_time_and_never_money",)),
    17: (
        "an outage of more than a day",
        (
            "payments/test_delivery.py::test_17_after_a_day_nothing_is_sent_blindly",
            "payments/test_delivery.py::test_17_after_a_day_a_transfer_that_was_made_is_found",
            "payments/test_delivery.py::test_17_sent_anew_too_hastily_the_first_transfer_is_adopted",
        ),
    ),
    18: ("the broker forgets", ("payments/test_delivery.py::test_18_a_flushed_broker_costs_seconds",)),
    19: (
        "one job delivered many times at once",
        ("payments/test_delivery.py::test_19_the_same_job_delivered_many_times_at_once_sends_once",),
    ),
    20: (
        "one webhook five times at once",
        ("payments/test_races.py::test_a_webhook_delivered_five_times_at_once_counts_once",),
    ),
    21: (
        "news out of order",
        (
            "payments/test_inbox.py::test_21_late_and_repeated_news_changes_nothing",
            "payments/test_inbox.py::test_21_the_bank_is_heard_of_before_the_transfer",
            "payments/test_reversals.py::test_21_a_reversal_is_heard_of_before_its_transfer",
            "payments/test_reversals.py::test_21_the_bank_pays_before_it_says_that_it_will",
            "payments/test_reversals.py::test_21_news_that_overtakes_our_own_answer_closes_the_row",
            "payments/test_refunds.py::test_21_news_that_overtakes_the_answer_closes_the_row",
        ),
    ),
    22: (
        "a bank debit counts when it arrives",
        (
            "payments/test_inbox.py::test_22_a_bank_debit_counts_when_it_arrives",
            "payments/test_inbox.py::test_22_a_bank_debit_that_bounces_counts_for_nothing",
        ),
    ),
    23: ("forged and stale webhooks", ("payments/test_inbox.py::test_23_anything_else_is_refused_and_not_stored",)),
    24: (
        "a webhook that never comes",
        (
            "payments/test_inbox.py::test_24_a_webhook_that_never_comes_is_made_up_for",
            "payments/test_reconciliation.py::test_24_a_payment_whose_webhook_never_came_is_credited",
        ),
    ),
    25: ("the return page proves nothing", ("payments/test_inbox.py::test_25_the_return_page_gives_no_credit",)),
    26: (
        "pending funds",
        ("payments/test_delivery.py::test_26_pending_funds_go_out_with_their_source_and_not_without",),
    ),
    27: (
        "the capability is lost before the pay run",
        (
            "payments/test_delivery.py::test_a_refused_transfer_is_owed_again_and_goes_out_when_the_person_is_ready",
            "payments/test_delivery.py::test_13_nobody_is_paid_while_stripe_says_not_ready",
            "payments/test_delivery.py::test_27_whose_webhooks_are_lost_is_asked_about_until_they_are_paid",
            "payments/test_delivery.py::test_27_lost_and_back_before_anybody_looked_it_is_sent_again_after_an_hour",
        ),
    ),
    28: (
        "the bank refuses",
        (
            "payments/test_inbox.py::test_28_a_bank_that_refuses_is_told_in_words_and_moves_no_money",
            "payments/test_inbox.py::test_28_the_expert_knows_within_minutes_and_what_to_do",
            "payments/test_inbox.py::test_28_late_news_of_the_first_bank_payout_does_not_undo_the_second",
        ),
    ),
    29: (
        "a refund of unused funds while a seat is reserved, and one that fails",
        ("payments/test_refunds.py::test_29_what_is_reserved_stays_and_a_refund_that_fails_comes_back",),
    ),
    30: (
        "a dispute, won and lost",
        (
            "payments/test_disputes.py::test_30_won_everything_is_back",
            "payments/test_disputes.py::test_30_lost_with_funds_left_the_project_pays_as_far_as_they_reach",
            "payments/test_disputes.py::test_30_lost_with_none_left_is_the_platforms_loss_and_experts_are_paid",
            "marketplace/test_disputes.py::test_30_freeze_no_new_claims_and_what_is_held_is_paid",
        ),
    ),
    31: (
        "a transfer reversed in part, then wholly",
        (
            "payments/test_reversals.py::test_31_in_part_then_wholly_adds_up_and_never_above",
            "payments/test_reversals.py::test_31_found_in_part_then_wholly_is_owed_and_paid_again",
        ),
    ),
    32: (
        "no two acts share a key",
        (
            "payments/test_keys.py::test_32_every_builder_begins_with_a_word_of_its_own",
            "payments/test_keys.py::test_32_other_acts_or_other_ids_have_other_keys",
            "payments/test_keys.py::test_32_no_two_acts_of_a_story_share_a_key",
        ),
    ),
    33: (
        "requests keep to the SDK's contract",
        (
            "payments/sandbox/test_requests.py::test_33_a_request_that_the_sdks_types_do_not_allow_is_refused",
            "payments/sandbox/test_requests.py"
            "::test_33_the_suite_fails_for_a_request_of_any_sandbox_that_breaks_the_contract",
        ),
    ),
    34: (
        "reconciliation finds what is foreign, missing and unknown",
        ("payments/test_reconciliation.py::test_34_foreign_missing_and_unknown_are_three_alerts",),
    ),
    35: (
        "the negative control",
        ("payments/test_delivery.py::test_35_without_the_key_a_lost_answer_pays_twice",),
    ),
    36: (
        "amounts are integers",
        (
            "payments/test_rules.py::test_36_no_float_touches_money",
            "payments/test_rules.py::test_36_templates_make_no_fraction_of_an_amount",
            "tasks/test_cents.py::test_36_pay_fee_and_what_goes_back_are_what_was_reserved_to_the_cent",
            "tasks/test_cents.py::test_36_a_cent_is_shown_as_one",
            "payments/test_money.py::test_amounts_are_shown_as_people_write_them",
            "payments/test_money.py::test_fees_per_seat_never_exceed_the_fee_on_the_sum",
        ),
    ),
    37: (
        "nobody but actions posts, nobody but ops operates",
        (
            "payments/test_rules.py::test_37_entries_are_posted_by_actions_only",
            "payments/test_rules.py::test_37_only_ops_and_the_product_operate_money",
        ),
    ),
}


def test_every_case_has_its_place() -> None:
    assert sorted(CASES) == list(range(1, 38))


@pytest.mark.parametrize("case", CASES)
def test_the_tests_of_a_case_exist(case: int) -> None:
    for place in CASES[case][1]:
        file, name = place.split("::")
        path: Path = ROOT / "tests" / file
        functions = {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
        assert name in functions, place
