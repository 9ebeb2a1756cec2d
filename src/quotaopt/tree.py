"""The trees of the sales force, company down to the lowest level, as numbers for each rep and node."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
import pandas as pd

from quotaopt.problem import Ints
from quotaopt.settings import Settings
from quotaopt.settings.tree import COMPANY, level_hedges
from quotaopt.tables.nested import ALL, node_names


@dataclass(frozen=True, eq=False)
class Branch:
    """One tree. Each list has an entry for each level, the company first; nodes are numbered by sorted name.

    Attributes
    ----------
    levels : names of the levels.
    by : the attributes whose totals are those of the level's nodes.
    names : names of the nodes.
    of_rep : the node of each rep (R).
    hedges : by how much the children of a node are asked for more than the node itself.
    factors : sum of the quotas below a node (its street number) / its own number: hedges of it and all below.
    """

    levels: tuple[str, ...]
    by: tuple[tuple[str, ...], ...]
    names: tuple[tuple[str, ...], ...]
    of_rep: tuple[Ints, ...]
    hedges: tuple[Decimal, ...]
    factors: tuple[Decimal, ...]

    @cached_property
    def above(self) -> tuple[Ints, ...]:
        """The parent of each node, a number in the level above; the company is its own."""
        made = [np.zeros(1, dtype=np.int64)]
        for depth in range(1, len(self.levels)):
            parent = np.zeros(len(self.names[depth]), dtype=np.int64)
            parent[self.of_rep[depth]] = self.of_rep[depth - 1]
            made.append(parent)
        return tuple(made)

    @cached_property
    def below(self) -> tuple[tuple[Ints, ...], ...]:
        """The children of each node, numbers in the level below; nothing below the lowest level."""
        return tuple(
            tuple(np.flatnonzero(self.above[depth + 1] == node) for node in range(len(names)))
            if depth + 1 < len(self.levels)
            else ()
            for depth, names in enumerate(self.names)
        )


def levels_of(settings: Settings) -> tuple[str, ...]:
    """Every level of both trees."""
    return (*settings.tree.levels, *settings.tree.cross)


def make_branches(settings: Settings, reps: pd.DataFrame) -> tuple[Branch, ...]:
    """The tree of a scenario, and behind it the second one where there is one.

    Hedges are those of the first tree. The quotas are the same ones, so that the lowest level of the second tree
    has what brings it to them.

    Parameters
    ----------
    reps : attributes of each rep, a column for each level.
    """
    tree = settings.tree
    hedges = level_hedges(settings.hedge, settings.overassignment, [COMPANY, *tree.levels])
    made = [_branch(reps, tree.levels, hedges, tree.paths)]
    if tree.cross:
        rest = made[0].factors[0] / (1 + hedges[0]) - 1
        crossing = [hedges[0], *([Decimal(0)] * (len(tree.cross) - 1)), rest]
        made.append(_branch(reps, tree.cross, crossing, tree.paths))
    return tuple(made)


def _branch(reps: pd.DataFrame, levels: list[str], hedges: list[Decimal], paths: bool) -> Branch:
    names: list[tuple[str, ...]] = [(ALL,)]
    of_rep = [np.zeros(len(reps), dtype=np.int64)]
    called = node_names(reps, levels, paths)
    for level in levels:
        labels, codes = np.unique(called[level].to_numpy(dtype=str), return_inverse=True)
        names.append(tuple(map(str, labels)))
        of_rep.append(np.asarray(codes, dtype=np.int64))
    by = [tuple(levels[: k + 1]) if paths else (level,) for k, level in enumerate(levels)]
    factors = [Decimal(1)]
    for hedge in reversed(hedges):
        factors.insert(0, factors[0] * (1 + hedge))
    return Branch(
        (COMPANY, *levels), ((), *by), tuple(names), tuple(of_rep), tuple(hedges), tuple(factors[: len(hedges)])
    )
