"""Write the program that decides the first goal as a file that other solvers read: MPS or LP.

It is the program as the rules state it, each rep on its own and every number in full: minimise the highest level L (or
the sum of changes), with one more row for each rep. Amounts are money, divided by a power of ten near a rep's quota:
next to levels of about 1, amounts in millions make some solvers stop short of the optimum. ``NAME.names.csv`` beside it
says what each name of a column or row stands for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quotaopt.errors import Finding, InputError
from quotaopt.goals import Distance, Levels
from quotaopt.optimize.bounds import LINK
from quotaopt.optimize.build import build
from quotaopt.optimize.linear import LinearProgram
from quotaopt.optimize.model_files import FORMATS
from quotaopt.optimize.program import Layout, Program
from quotaopt.optimize.statement import WHOLE, Block
from quotaopt.problem import Floats, Ints, Problem
from quotaopt.tables import write_csv

LONGEST = 60  # letters of a label in a name: several make a name, and readers stop at 255


@dataclass(frozen=True, eq=False)
class Model:
    """A linear program with a legal, unique name for each column and row, and what each stands for.

    Amounts are in `money` of money: 1, 1000, 1_000_000, …
    """

    lp: LinearProgram
    money: int
    columns: list[str]
    rows: list[str]
    labels: dict[str, str]

    def table(self) -> pd.DataFrame:
        """What ``NAME.names.csv`` holds."""
        kinds = ["column"] * len(self.columns) + ["row"] * len(self.rows)
        names = [*self.columns, *self.rows]
        return pd.DataFrame({"name": names, "kind": kinds, "label": [self.labels[name] for name in names]})


def check_model_path(path: Path) -> None:
    """Refuse a file whose suffix names no format.

    Raises
    ------
    InputError
        If it ends neither in ``.mps`` nor in ``.lp``, or its folder is not there.
    """
    if path.suffix not in FORMATS:
        raise InputError([Finding("not a model file", f"End it in {' or '.join(FORMATS)}.", str(path), code="model")])
    if not path.parent.is_dir():
        raise InputError([Finding("no such folder", "Make it first.", str(path.parent), code="model")])


def write_model(
    path: Path, problem: Problem, blocks: Sequence[Block], goal: Levels | Distance, totals: Floats | None = None
) -> Model:
    """Write the program of a goal to `path`, in the format its suffix names, and its names beside it.

    Parameters
    ----------
    path : ends in ``.mps`` or ``.lp``; the names go to the same with ``.names.csv`` instead.
    blocks : limits that can be kept (soft ones relaxed).
    totals : quotas of reps in units, in a plan that the goal led to: where levels bend, the program has the straight
        pieces around the plan's highest level (else around level 0), on which it is optimal.

    Raises
    ------
    InputError
        As `check_model_path`.
    """
    check_model_path(path)
    model = make_model(problem, blocks, goal, totals)
    write_csv(model.table(), path.with_suffix(".names.csv"))
    title = f"quotas of the first goal, amounts in {model.money:,}"
    text = FORMATS[path.suffix](model.lp, model.columns, model.rows, title)
    path.write_text("\n".join(text) + "\n", encoding="ascii", newline="\n")
    return model


def make_model(
    problem: Problem, blocks: Sequence[Block], goal: Levels | Distance, totals: Floats | None = None
) -> Model:
    """The program that decides a goal over the limits of `blocks`."""
    program = build(problem, blocks)
    quota = problem.target * problem.unit / problem.index.shape[0]
    factor = 10 ** max(quota.adjusted(), 0)
    numerator, denominator = problem.unit.as_integer_ratio()
    money = _Money(program.scale, numerator, denominator * factor)
    region = LinearProgram(
        np.zeros(program.lower.size),
        program.matrix,
        money(program.row_lower),
        money(program.row_upper),
        money(program.lower),
        money(program.upper),
    )
    labels = [list(map(str, t.index)) for t in (problem.index.reps, problem.index.products, problem.index.months)]
    columns, rows = _column_labels(program.layout, labels), _row_labels(program, blocks, labels)
    unscaled = replace(money, scale=1.0)
    if isinstance(goal, Levels):
        who = np.flatnonzero(goal.has & problem.eligible.any(axis=(1, 2)))
        level = goal.level(totals)[who].max() if totals is not None and who.size else 0.0
        here = goal.near(goal.quota(level))
        lp = _lower_levels(region, program.reps[who], unscaled(here.offset[who]), unscaled(here.scale[who]))
        columns.append(("L",))
        rows += [("level", labels[0][rep]) for rep in who]
    else:
        lp = _shorten(region, program.reps, unscaled(goal.reference))
        columns += [(sign, rep) for sign in ("more", "less") for rep in labels[0]]
        rows += [("change", rep) for rep in labels[0]]
    return _name(lp, factor, columns, rows)


@dataclass(frozen=True)
class _Money:
    """Scaled amounts as the model's: whole numbers of units come out as the nearest float to the exact amount."""

    scale: float
    numerator: int
    denominator: int

    def __call__(self, amounts: Floats) -> Floats:
        units = amounts * self.scale
        whole = np.rint(units)
        near = np.isclose(units, whole, rtol=1e-15, atol=WHOLE)
        return np.asarray(np.where(near, whole, units) * self.numerator / self.denominator)


def _lower_levels(region: LinearProgram, reps: Ints, offset: Floats, scale: Floats) -> LinearProgram:
    """Minimise L with ``Q - scale * L <= offset`` for each of the `reps`."""
    n, m = reps.size, region.cost.size
    rows = sp.csr_array((np.ones(n), (np.arange(n), reps)), shape=(n, m))
    level = sp.csr_array(np.concatenate([np.zeros(region.row_lower.size), -scale])[:, None])
    matrix = sp.csr_array(sp.hstack([sp.vstack([region.matrix, rows]), level]))
    return LinearProgram(
        np.append(region.cost, 1.0),
        matrix,
        np.append(region.row_lower, np.full(n, -np.inf)),
        np.append(region.row_upper, offset),
        np.append(region.lower, -np.inf),
        np.append(region.upper, np.inf),
    )


def _shorten(region: LinearProgram, reps: Ints, reference: Floats) -> LinearProgram:
    """Minimise the sum of more and less, with ``Q - more + less = reference`` for every rep."""
    n, m = reps.size, region.cost.size
    one = sp.eye_array(n)
    change = sp.hstack([sp.csr_array((np.ones(n), (np.arange(n), reps)), shape=(n, m)), -one, one])
    wide = sp.hstack([region.matrix, sp.csr_array((region.row_lower.size, 2 * n))])
    return LinearProgram(
        np.append(region.cost, np.ones(2 * n)),
        sp.csr_array(sp.vstack([wide, change])),
        np.append(region.row_lower, reference),
        np.append(region.row_upper, reference),
        np.append(region.lower, np.zeros(2 * n)),
        np.append(region.upper, np.full(2 * n, np.inf)),
    )


Label = tuple[str, ...]


def _column_labels(layout: Layout, labels: Sequence[Sequence[str]]) -> list[Label]:
    reps, products, months = labels
    found: list[Label] = [("Q", r) for r in reps]
    found += [("x", r, p) for r in reps for p in products] if layout.by_product else []
    found += [("y", r, t) for r in reps for t in months] if layout.by_month else []
    pairs = [(reps[k // len(products)], products[k % len(products)]) for k in layout.pairs.tolist()]
    return found + [("z", r, p, t) for r, p in pairs for t in months]


def _row_labels(program: Program, blocks: Sequence[Block], labels: Sequence[Sequence[str]]) -> list[Label]:
    """Rows that tie columns together come first, in the order `build` makes them; then those of the rules."""
    layout, (reps, products, months) = program.layout, labels
    links: list[Label] = [("products", r) for r in reps] if layout.by_product else []
    links += [("months", r) for r in reps] if layout.by_month else []
    rep, product = np.divmod(layout.pairs, len(products))
    links += [("cells", reps[r], products[p]) for r, p in zip(rep.tolist(), product.tolist(), strict=True)]
    links += [("cells", reps[r], t) for r in np.unique(rep).tolist() for t in months]
    first = np.cumsum([0, *(block.size for block in blocks)])
    origins = program.row_origin[program.row_origin != LINK]
    which = np.searchsorted(first, origins, side="right") - 1
    ruled = zip(which.tolist(), (origins - first[which]).tolist(), strict=True)
    return links + [(blocks[b].use.name, blocks[b].scope(k)) for b, k in ruled]


def _name(lp: LinearProgram, money: int, columns: Sequence[Label], rows: Sequence[Label]) -> Model:
    """Letters, digits and ``_`` alone; where two labels give the same name, the later one gets a number."""
    lp.matrix.sort_indices()
    taken: dict[str, str] = {"cost": "the objective"}
    names = []
    for parts in (*columns, *rows):
        stem = "_".join(re.sub(r"[^A-Za-z0-9_]", "_", part)[:LONGEST] for part in parts)
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}_{number}"
        taken[name] = " ".join(parts)
        names.append(name)
    return Model(lp, money, names[: len(columns)], names[len(columns) :], taken)
