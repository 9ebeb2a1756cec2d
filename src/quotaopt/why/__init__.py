"""Why a plan is what it is: the ladder from last year's sales to every quota, and what each rule costs."""

from quotaopt.why.dropped import rule_costs
from quotaopt.why.ladder import Ladder, Step, make_ladder, waterfall

__all__ = ["Ladder", "Step", "make_ladder", "rule_costs", "waterfall"]
