"""What a plan may bring: attainment, chances and pay over the forecast's joint draws, the same draws for every plan."""

from quotaopt.simulate.future import Future, load_future
from quotaopt.simulate.table import simulate

__all__ = ["Future", "load_future", "simulate"]
