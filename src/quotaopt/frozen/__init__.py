"""Plans that hold: frozen as they are, changed only by dated revisions, each in a ledger that cannot be rewritten."""

from quotaopt.frozen.kept import frozen_measures
from quotaopt.frozen.plans import Frozen, check_plan, find_plan, freeze, list_plans, load_plan, rebuild, revise
from quotaopt.frozen.revisions import read_changes, run_changes

__all__ = [
    "Frozen",
    "check_plan",
    "find_plan",
    "freeze",
    "frozen_measures",
    "list_plans",
    "load_plan",
    "read_changes",
    "rebuild",
    "revise",
    "run_changes",
]
