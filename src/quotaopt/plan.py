"""The answer: whole-unit quotas, the goals reached, the state of every rule, and words when there is no plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.errors import Finding, NoPlanError
from quotaopt.optimize.linear import Status
from quotaopt.optimize.nearly import Deviation
from quotaopt.optimize.repairs import Repair
from quotaopt.optimize.statement import Block
from quotaopt.problem import Ints, Problem


@dataclass(frozen=True, eq=False)
class Plan:
    """What `allocate` returns. It exists also when no plan can: then `quota` is None and `sentence` says why.

    Attributes
    ----------
    status : optimal, feasible, approximate (some exact totals are a few units off), infeasible, no_solution or failed.
    problem : labels and amounts the plan was made from.
    quota : quotas in rounding units, R × P × T whole numbers; money is ``quota * problem.unit``.
    statement : the rules' rows with the limits that were kept (soft ones possibly relaxed).
    goals, rules, fairness, conflicts, measures : tables, columns as in `columns`.
    binding_rule : R × P × T names of the rule that limits each cell, empty where none does.
    sentence : why there is no plan; empty when there is one.
    repairs : changes that were tried, each alone, when there is no plan.
    deviations : exact totals that no table in whole units keeps, and by how much they are off.
    """

    status: Status
    problem: Problem
    solver: str
    quota: Ints | None = None
    statement: Sequence[Block] = ()
    goals: pd.DataFrame = field(default_factory=pd.DataFrame)
    rules: pd.DataFrame = field(default_factory=pd.DataFrame)
    fairness: pd.DataFrame = field(default_factory=pd.DataFrame)
    conflicts: pd.DataFrame = field(default_factory=pd.DataFrame)
    measures: pd.DataFrame = field(default_factory=pd.DataFrame)
    binding_rule: NDArray[np.object_] | None = None
    sentence: str = ""
    notes: tuple[Finding, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    solver_version: str = ""
    repairs: tuple[Repair, ...] = ()
    deviations: tuple[Deviation, ...] = ()

    def amounts(self) -> Ints:
        """The quotas in rounding units.

        Raises
        ------
        NoPlanError
            If no plan exists.
        """
        if self.quota is None:
            raise NoPlanError(self.sentence or f"there is no plan: {self.status}")
        return self.quota

    def total(self) -> Decimal:
        """Sum of all quotas, money, exact."""
        return int(self.amounts().sum()) * self.problem.unit

    def by_rep(self) -> pd.Series[float]:
        """Quota of each rep over the plan, money; errors as `amounts`."""
        quota = self.amounts().sum(axis=(1, 2)) * float(self.problem.unit)
        return pd.Series(quota.astype(float), index=list(self.problem.index.reps.index))
