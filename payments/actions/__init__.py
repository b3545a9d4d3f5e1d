"""All writes of the money room. Rooms above import from here."""

from __future__ import annotations

from payments.actions.adjustments import (
    expire_adjustments,
    post_adjustment,
    propose_adjustment,
    propose_for,
    refuse_adjustment,
)
from payments.actions.cancelling import cancel_funding, cancel_fundings
from payments.actions.customers import know_lab, lift_card_limit
from payments.actions.desks import adopt, close_event, give_up, retry_now, send_anew, try_again
from payments.actions.disputes import apply_dispute
from payments.actions.dues import owe, pay_all_dues, pay_dues
from payments.actions.funding import apply_checkout, open_funding, refresh_funding, start_checkout
from payments.actions.funds import earn, earn_from_funds, release, reserve, top_up
from payments.actions.holds import hold_payouts, release_hold
from payments.actions.idle import return_idle_funds
from payments.actions.inbox import process, receive
from payments.actions.lateness import note_late_by_hand, note_late_pay, note_overdue_batches
from payments.actions.manual import confirm_lines, make_batch, read_batch
from payments.actions.netting import net_take_backs
from payments.actions.outbox import complete, confirm_refund, confirm_reversal, confirm_transfer, dispatch
from payments.actions.payees import (
    apply_recipient,
    choose_country,
    give_bank_details,
    onboarding_link,
    record_tax_form,
    refresh_payee,
)
from payments.actions.payouts import apply_bank_payout, cancel_payout, make_payouts, pay_out, retry_payout
from payments.actions.reconciling import reconcile
from payments.actions.refunds import apply_refund, cancel_refund, refund_funds
from payments.actions.reversals import (
    agree_reversal,
    apply_reversal,
    expire_reversals,
    propose_reversal,
    refuse_reversal,
)
from payments.actions.routes import change_route
from payments.actions.sweeping import sweep_events

__all__ = [
    "adopt",
    "agree_reversal",
    "apply_bank_payout",
    "apply_checkout",
    "apply_dispute",
    "apply_recipient",
    "apply_refund",
    "apply_reversal",
    "cancel_funding",
    "cancel_fundings",
    "cancel_payout",
    "cancel_refund",
    "change_route",
    "choose_country",
    "close_event",
    "complete",
    "confirm_lines",
    "confirm_refund",
    "confirm_reversal",
    "confirm_transfer",
    "dispatch",
    "earn",
    "earn_from_funds",
    "expire_adjustments",
    "expire_reversals",
    "give_bank_details",
    "give_up",
    "hold_payouts",
    "know_lab",
    "lift_card_limit",
    "make_batch",
    "make_payouts",
    "net_take_backs",
    "note_late_by_hand",
    "note_late_pay",
    "note_overdue_batches",
    "onboarding_link",
    "open_funding",
    "owe",
    "pay_all_dues",
    "pay_dues",
    "pay_out",
    "post_adjustment",
    "process",
    "propose_adjustment",
    "propose_for",
    "propose_reversal",
    "read_batch",
    "receive",
    "reconcile",
    "record_tax_form",
    "refresh_funding",
    "refresh_payee",
    "refund_funds",
    "refuse_adjustment",
    "refuse_reversal",
    "release",
    "release_hold",
    "reserve",
    "retry_now",
    "retry_payout",
    "return_idle_funds",
    "send_anew",
    "start_checkout",
    "sweep_events",
    "top_up",
    "try_again",
]
