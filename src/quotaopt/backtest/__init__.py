"""How good a scenario's quotas would have been: past months hidden, what was sold in them divided, held against sales.

What is divided is the realised total, so that only the division is judged, not how well the total was guessed.
"""

from quotaopt.backtest.run import backtest_quotas
from quotaopt.backtest.splits import simple_splits

__all__ = ["backtest_quotas", "simple_splits"]
