"""The nodes of both trees as a table: their own numbers, street numbers, hedges and quotas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.money import money_text
from quotaopt.nodes import Key, Target, given_targets
from quotaopt.plan import Plan
from quotaopt.problem import Ints, Problem
from quotaopt.settings import Settings
from quotaopt.tree import Branch, make_branches

if TYPE_CHECKING:
    from quotaopt.scenario import Scenario
    from quotaopt.tables import Inputs


def has_nodes(settings: Settings) -> bool:
    """Whether a scenario speaks of nodes at all."""
    return bool(settings.tree.levels or settings.hedge or settings.targets or settings.data.nodes)


def node_table(scenario: Scenario, inputs: Inputs, plan: Plan) -> pd.DataFrame:
    """One row for each node of both trees, in the columns of ``nodes.csv``.

    A node without a target of its own has the number that the quotas below it stand for.
    """
    branches = make_branches(scenario.settings, plan.problem.index.reps)
    given = given_targets(scenario, inputs, branches)
    quota = plan.amounts().sum(axis=(1, 2))
    asked = {(node.by, node.row): node.value for node in plan.problem.nodes} | {((), 0): plan.problem.target}
    levels = [
        _level_table(plan.problem, branch, depth, quota, given, asked)
        for number, branch in enumerate(branches)
        for depth in range(min(number, 1), len(branch.levels))  # the company stands there once
    ]
    return pd.concat(levels, ignore_index=True)


def _level_table(
    problem: Problem,
    branch: Branch,
    depth: int,
    quota: Ints,
    given: Mapping[Key, Target],
    asked: Mapping[tuple[tuple[str, ...], int], int],
) -> pd.DataFrame:
    names, of_rep, group = branch.names[depth], branch.of_rep[depth], problem.group(*branch.by[depth])
    units = np.zeros(len(names), dtype=np.int64)
    np.add.at(units, of_rep, quota)
    rows = np.zeros(len(names), dtype=np.int64)
    rows[of_rep] = group.codes[0]
    street = np.array([asked.get((branch.by[depth], int(k)), int(n)) for k, n in zip(rows, units, strict=True)])
    targets = [given.get(Key(branch.levels[depth], name)) for name in names]
    own = [t.money if t else int(n) * problem.unit / branch.factors[depth] for t, n in zip(targets, units, strict=True)]
    return pd.DataFrame({
        "level": branch.levels[depth],
        "node": names,
        "parent": [branch.names[depth - 1][k] if depth else "" for k in branch.above[depth]],
        "plan_target": [float(amount) for amount in own],
        "street_target": money_text(street, problem.unit),
        "hedge": float(branch.hedges[depth]),
        "cumulative": float(branch.factors[depth] - 1),
        "quota": money_text(units, problem.unit),
        "gap": money_text(units - street, problem.unit),
        "set": [target is not None for target in targets],
        "source": [target.source if target else "" for target in targets],
    })  # fmt: skip
