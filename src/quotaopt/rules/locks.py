"""Rules about quotas that were decided by hand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from quotaopt.columns import MONTH, PRODUCT, REP
from quotaopt.optimize.rows import Rows, Total
from quotaopt.problem import Lock, Problem
from quotaopt.rules._registry import rule


@rule
def keep_locks(problem: Problem, total: Total) -> Iterator[Rows]:
    """Locked quotas stay as they are: a rep's year, one product, one month, or a single cell."""
    shapes: dict[tuple[str, ...], list[Lock]] = {}
    for lock in problem.locks:
        by = (REP, *([PRODUCT] if lock.product else []), *([MONTH] if lock.month else []))
        shapes.setdefault(by, []).append(lock)
    for by, locks in shapes.items():
        expression = total(*by)
        rows = [_row(problem, by, lock) for lock in locks]
        value = np.full(expression.grouping.size, np.nan)
        value[rows] = [lock.value for lock in locks]
        block = expression.equals(value)
        yield Rows(block.expression, block.lower, block.upper, {r: k.source for r, k in zip(rows, locks, strict=True)})


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
