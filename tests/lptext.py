"""A program in words one can read: named columns, one line a row, amounts in rounding units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quotaopt.optimize.program import LINK, Program
from quotaopt.optimize.statement import Block
from quotaopt.problem import Problem


def render(problem: Problem, blocks: Sequence[Block], program: Program) -> str:
    """The feasible region of a program as text in the manner of an LP file.

    ``Q[rep]`` are totals of reps, ``x[rep,product]`` and ``y[rep,month]`` their margins, ``z[rep,product,month]``
    cells. Rows and bounds that come from a rule carry its name and scope; the others tie the columns together.
    """
    names = column_names(problem, program)
    owners = [f"{block.use.name} {block.scope(k)}" for block in blocks for k in range(block.size)]
    matrix, scale = program.matrix, program.scale
    lines = ["subject to"]
    for k in range(matrix.shape[0]):
        part = slice(matrix.indptr[k], matrix.indptr[k + 1])
        order = np.argsort(matrix.indices[part], kind="stable")
        terms = zip(matrix.indices[part][order], matrix.data[part][order], strict=True)
        body = " ".join(_term(value, names[column]) for column, value in terms).removeprefix("+ ")
        limits = program.row_lower[k] * scale, program.row_upper[k] * scale
        lines.append(f"  {_owner(owners, program.row_origin[k])}: {_between(body, *limits)}")
    lines.append("bounds")
    for k, name in enumerate(names):
        origins = dict.fromkeys((program.lower_origin[k], program.upper_origin[k]))
        why = ", ".join(_owner(owners, origin) for origin in origins if origin != LINK)
        bound = _between(name, program.lower[k] * scale, program.upper[k] * scale)
        lines.append(f"  {bound}" + (f"  ({why})" if why else ""))
    return "\n".join(lines) + "\n"


def column_names(problem: Problem, program: Program) -> list[str]:
    """The name of each column, in their order."""
    layout = program.layout
    reps, products, months = (
        list(map(str, side.index)) for side in (problem.index.reps, problem.index.products, problem.index.months)
    )
    names = [f"Q[{r}]" for r in reps]
    names += [f"x[{r},{p}]" for r in reps for p in products] if layout.by_product else []
    names += [f"y[{r},{t}]" for r in reps for t in months] if layout.by_month else []
    pairs = [(reps[k // len(products)], products[k % len(products)]) for k in layout.pairs]
    return names + [f"z[{r},{p},{t}]" for r, p in pairs for t in months]


def _owner(owners: Sequence[str], origin: int) -> str:
    return "link" if origin == LINK else owners[origin]


def _term(value: float, name: str) -> str:
    sign, size = ("-" if value < 0 else "+"), abs(value)
    return f"{sign} {name}" if size == 1 else f"{sign} {size:.6g} {name}"


def _between(body: str, lower: float, upper: float) -> str:
    """``lower <= body <= upper`` without the sides that do not limit."""
    low, high = (f"{v + 0.0:.9g}" for v in (lower, upper))
    if lower == upper:
        return f"{body} = {low}"
    left = f"{low} <= " if np.isfinite(lower) else ""
    right = f" <= {high}" if np.isfinite(upper) else ""
    return f"{left}{body}{right}" + (" free" if not left and not right else "")
