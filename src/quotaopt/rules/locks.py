"""Rules about quotas that were decided by hand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from quotaopt.columns import MONTH, PRODUCT, REP
from quotaopt.errors import Finding, InputError, UnknownNameError
from quotaopt.optimize.rows import Rows, Total
from quotaopt.problem import Lock, Problem
from quotaopt.rules._registry import rule


@rule
def keep_locks(problem: Problem, total: Total, *, free: tuple[str, ...] = ()) -> Iterator[Rows]:
    """Locked quotas stay as they are: a rep's year, one product, one month, or a single cell.

    Parameters
    ----------
    free : locks that need not stay, each by what it locks, like ``R017 core 2027-01``.
    """
    shapes: dict[tuple[str, ...], list[Lock]] = {}
    names = {lock.name: lock for lock in problem.locks}
    for name in free:
        if names and name not in names:  # names are only known with the data
            raise UnknownNameError("lock", name, names)
    for lock in (lock for name, lock in names.items() if name not in free):
        by = (REP, *([PRODUCT] if lock.product else []), *([MONTH] if lock.month else []))
        shapes.setdefault(by, []).append(lock)
    for by, locks in shapes.items():
        expression = total(*by)
        rows = [_row(problem, by, lock) for lock in locks]
        value = np.full(expression.grouping.size, np.nan)
        value[rows] = [lock.value for lock in locks]
        block = expression.equals(value)
        yield Rows(block.expression, block.lower, block.upper, {r: k.source for r, k in zip(rows, locks, strict=True)})


@rule
def keep_plan(problem: Problem, total: Total, *, before: str = "") -> Iterator[Rows]:
    """Months that are over keep the quotas of the current plan (`data.plan`).

    Parameters
    ----------
    before : first month that may change, like ``2027-04``.
    """
    if problem.plan is None:
        what = "rules.keep_plan needs the current plan"
        raise InputError([Finding(what, "Set data.plan to its quotas.csv.", code="scenario")])
    cells = total(REP, PRODUCT, MONTH)
    past = np.array([month < before for month in problem.index.months.index])
    yield cells.equals(np.where(past & problem.eligible, np.rint(problem.plan.values), np.nan).reshape(-1))


def _row(problem: Problem, by: tuple[str, ...], lock: Lock) -> int:
    """Number of the sub-total a lock names."""
    index, grouping = problem.index, problem.group(*by)
    at = [
        0 if label is None else int(table.index.get_indexer(pd.Index([label]))[0])
        for table, label in zip(
            (index.reps, index.products, index.months), (lock.rep, lock.product, lock.month), strict=True
        )
    ]
    return int(np.ravel_multi_index(at, grouping.shape))
