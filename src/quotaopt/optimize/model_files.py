"""A linear program as text that other solvers read: free MPS and CPLEX LP, every number in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import scipy.sparse as sp

from quotaopt.optimize.linear import LinearProgram

WIDTH = 6  # terms on a line of an LP file: some readers stop at 500 letters


def _mps(lp: LinearProgram, columns: Sequence[str], rows: Sequence[str], title: str) -> Iterator[str]:
    """Free MPS; a two-sided row is one with a range."""
    low, high = lp.row_lower, lp.row_upper
    kinds = np.select([low == high, np.isfinite(high), np.isfinite(low)], ["E", "L", "G"], "N")
    yield f"* {title}"
    yield "NAME quotaopt"
    yield "ROWS"
    yield " N cost"
    yield from (f" {kind} {name}" for kind, name in zip(kinds, rows, strict=True))
    yield "COLUMNS"
    by_column = sp.csc_array(lp.matrix)
    for k, name in enumerate(columns):
        part = slice(by_column.indptr[k], by_column.indptr[k + 1])
        entries = list(zip(by_column.indices[part].tolist(), by_column.data[part].tolist(), strict=True))
        if lp.cost[k] or not entries:  # a column that stands nowhere must still be named
            yield f" {name} cost {_number(lp.cost[k])}"
        yield from (f" {name} {rows[row]} {_number(value)}" for row, value in entries)
    yield "RHS"
    sides = np.where(np.isin(kinds, ["E", "L"]), high, np.where(kinds == "G", low, 0.0))
    yield from (f" rhs {rows[k]} {_number(sides[k])}" for k in np.flatnonzero(sides).tolist())
    ranged = np.flatnonzero(np.isfinite(low) & np.isfinite(high) & (low != high)).tolist()
    if ranged:
        yield "RANGES"
        yield from (f" range {rows[k]} {_number(high[k] - low[k])}" for k in ranged)
    yield "BOUNDS"
    for name, bottom, top in zip(columns, lp.lower.tolist(), lp.upper.tolist(), strict=True):
        yield from _mps_bounds(name, bottom, top)
    yield "ENDATA"


def _mps_bounds(name: str, low: float, high: float) -> Iterator[str]:
    """Nothing is left to a reader's defaults but ``0 <= x``."""
    if low == high:
        yield f" FX bound {name} {_number(low)}"
    elif not np.isfinite(low):
        yield f" {'MI' if np.isfinite(high) else 'FR'} bound {name}"
    elif low != 0:
        yield f" LO bound {name} {_number(low)}"
    if np.isfinite(high) and low != high:
        yield f" UP bound {name} {_number(high)}"


def _lp(lp: LinearProgram, columns: Sequence[str], rows: Sequence[str], title: str) -> Iterator[str]:
    """CPLEX LP; a two-sided row is two, NAME.min and NAME.max, since readers differ on ranges."""
    start, used = lp.matrix.indptr, np.zeros(len(columns), dtype=bool)
    used[lp.matrix.indices] = True
    costly = np.flatnonzero((lp.cost != 0) | ~used).tolist()  # a column that stands nowhere must still be named
    yield f"\\ {title}"
    yield "Minimize"
    yield " cost: " + _sum((lp.cost[k], columns[k]) for k in costly)
    yield "Subject To"
    for k, name in enumerate(rows):
        part = slice(start[k], start[k + 1])
        terms = zip(lp.matrix.data[part].tolist(), lp.matrix.indices[part].tolist(), strict=True)
        body = _sum((value, columns[column]) for value, column in terms) or f"0 {columns[0]}"
        low, high = lp.row_lower[k], lp.row_upper[k]
        two = bool(np.isfinite(low) and np.isfinite(high))
        if low == high:
            yield f" {name}: {body} = {_number(low)}"
            continue
        if np.isfinite(low):
            yield f" {name}{'.min' * two}: {body} >= {_number(low)}"
        if np.isfinite(high):
            yield f" {name}{'.max' * two}: {body} <= {_number(high)}"
    yield "Bounds"
    for name, low, high in zip(columns, lp.lower.tolist(), lp.upper.tolist(), strict=True):
        yield from _lp_bounds(name, low, high)
    yield "End"


def _lp_bounds(name: str, low: float, high: float) -> Iterator[str]:
    if low == high:
        yield f" {name} = {_number(low)}"
    elif np.isfinite(low) and np.isfinite(high):
        yield f" {_number(low)} <= {name} <= {_number(high)}"
    elif np.isfinite(low):
        yield from [f" {name} >= {_number(low)}"] if low != 0 else []
    else:
        yield f" -inf <= {name} <= {_number(high)}" if np.isfinite(high) else f" {name} free"


def _sum(terms: Iterable[tuple[float, str]]) -> str:
    """``+ 1 x - 2.5 y``, broken into lines."""
    words = [f"{'-' if value < 0 else '+'} {_number(abs(value))} {name}" for value, name in terms]
    return "\n  ".join(" ".join(words[k : k + WIDTH]) for k in range(0, len(words), WIDTH))


def _number(value: float) -> str:
    """The shortest text that gives back the same float."""
    return repr(float(value) + 0.0).removesuffix(".0")


FORMATS = {".mps": _mps, ".lp": _lp}
