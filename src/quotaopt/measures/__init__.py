"""The quality of a plan in numbers: one function per family of measures, one table, one vocabulary.

A measure is a function of a `PlanView` that yields rows; decorating it with `measure` puts it into ``measures.csv`` and
everything that shows it. Healthy ranges are practice, not law: `HEALTHY` says which, and a verdict is never given on
fewer than five reps.
"""

from quotaopt.measures import attainment, bias, chances, inversions, past, spread, timing, totals  # noqa: F401 - to register
from quotaopt.measures.table import HEALTHY, measure_table
from quotaopt.measures.view import PlanView, Row, make_view, measure

__all__ = ["HEALTHY", "PlanView", "Row", "make_view", "measure", "measure_table"]
