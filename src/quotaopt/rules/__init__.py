"""Rules a plan must keep: each is one function that yields rows of sub-totals and touches nothing.

A rule gets the `Problem` and the function ``total(*by)``; its keyword parameters are what a scenario may set.
From that one definition come the hard constraint, the soft one (`penalty`, `priority`), the binding report, the
screen that explains an impossible plan, parameter checking and the check in integers after rounding.
"""

from quotaopt.rules import budget, capacity, change, leave, levels, locks, months, peers, supply, targets
from quotaopt.rules._registry import Rule, rule

__all__ = [
    "Rule", "budget", "capacity", "change", "leave", "levels", "locks", "months", "peers", "rule", "supply", "targets",
]  # fmt: skip
