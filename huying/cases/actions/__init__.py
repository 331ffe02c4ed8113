"""The verbs of the loop: one function each, used alike by pages, jobs, imports and simulations.

Every action checks the step, claims the row, writes its journal entry and its notices in one transaction.
"""

from huying.cases.actions.checking import check_case, close_case, reopen_case, send_back_for_rework
from huying.cases.actions.dispatching import dispatch_case, return_case
from huying.cases.actions.filing import decline_case, file_case, merge_cases, reclassify_case, void_case
from huying.cases.actions.following import (
    ask_exclusion,
    ask_to_reopen,
    record_callback,
    review_exclusion,
)
from huying.cases.actions.forgetting import forget_contact
from huying.cases.actions.handling import (
    add_files,
    ask_assistance,
    assign_case,
    finish_assistance,
    report_handled,
    take_up_case,
)
from huying.cases.actions.intake import Intake, add_words, receive_report, withdraw_report
from huying.cases.actions.looking_back import draw_look_back, record_look_back
from huying.cases.actions.noting import add_note
from huying.cases.actions.on_site import see_on_site
from huying.cases.actions.supervising import appeal_overdue, review_appeal, supervise_case, urge_case
from huying.cases.actions.timing import (
    approve_extension,
    approve_parking,
    ask_extension,
    ask_parking,
    recompute_provisional,
    refuse_request,
    resume_case,
)

__all__ = [
    "Intake",
    "add_files",
    "add_note",
    "add_words",
    "appeal_overdue",
    "approve_extension",
    "approve_parking",
    "ask_assistance",
    "ask_exclusion",
    "ask_extension",
    "ask_parking",
    "ask_to_reopen",
    "assign_case",
    "check_case",
    "close_case",
    "decline_case",
    "dispatch_case",
    "draw_look_back",
    "file_case",
    "finish_assistance",
    "forget_contact",
    "merge_cases",
    "receive_report",
    "reclassify_case",
    "recompute_provisional",
    "record_callback",
    "record_look_back",
    "refuse_request",
    "reopen_case",
    "report_handled",
    "resume_case",
    "return_case",
    "review_appeal",
    "review_exclusion",
    "see_on_site",
    "send_back_for_rework",
    "supervise_case",
    "take_up_case",
    "urge_case",
    "void_case",
    "withdraw_report",
]
