"""Tables of a finished plan: every rule's rows, every rep's level and what stops it, the measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from quotaopt.columns import FAIRNESS, PEER_GROUP, REP, RULES
from quotaopt.goals import Levels, chance_levels
from quotaopt.optimize.bounds import LINK
from quotaopt.optimize.certificate import Certificate
from quotaopt.optimize.levels import Fair, LevelBlock
from quotaopt.optimize.slopes import Limit
from quotaopt.optimize.statement import Block
from quotaopt.problem import Floats, Ints, Problem

SAME = 1e-9  # levels nearer to each other are one level
NEAR = 1.0  # units: a limit this near is reached (rounding moves a total by less than one unit)


def rule_table(
    problem: Problem, stated: Sequence[Block], kept: Sequence[Block], quota: Ints, price: Mapping[Limit, float]
) -> pd.DataFrame:
    """One line per limit: what the plan does, what was asked, the room left.

    Parameters
    ----------
    stated, kept : rows with the limits asked for, and with those kept after soft rules gave way.
    quota : the plan, whole units.
    price : change of the highest level a limit moves, per unit of the limit.
    """
    unit, first = float(problem.unit), 0
    worth = np.full((2, sum(block.size for block in stated)), np.nan)  # of lower and of upper limits
    for priced, value in price.items():
        worth[[priced.lower, priced.upper], priced.row] = value / unit
    parts: list[dict[str, NDArray[Any]]] = []
    for asked, block in zip(stated, kept, strict=True):
        activity, equal = asked.evaluate(quota), asked.lower == asked.upper
        scopes = np.array(asked.expression.grouping.labels, dtype=object)[asked.keep]
        sources = asked.all_sources()
        for sense, limit, mine, held in (
            ("==", asked.lower, equal, block.lower),
            (">=", asked.lower, ~equal & np.isfinite(asked.lower), block.lower),
            ("<=", asked.upper, ~equal & np.isfinite(asked.upper), block.upper),
        ):
            rows = np.flatnonzero(mine)
            if not rows.size:
                continue
            slack = {"==": -np.abs(activity - limit), ">=": activity - limit, "<=": limit - activity}[sense]
            violation = np.maximum(0.0, -slack) if asked.expression.plain else np.maximum(0.0, -slack - NEAR)
            values = (
                asked.use.name, scopes[rows], activity[rows] * unit, sense, limit[rows] * unit,
                slack[rows] * unit + 0.0, np.abs(activity - held)[rows] < NEAR, asked.use.hard, asked.use.penalty,
                violation[rows] * unit, worth[int(sense == "<="), first + rows], sources[rows],
            )  # fmt: skip
            parts.append({c.name: _column(v, rows.size) for c, v in zip(RULES, values, strict=True)})
        first += asked.size
    names = [c.name for c in RULES]
    if not parts:
        return pd.DataFrame(columns=names)
    return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in names})


def _column(value: Any, size: int) -> NDArray[Any]:
    """A value, or one for each of `size` rows, as an array that keeps texts and None as they are."""
    kind = object if value is None or isinstance(value, str) else None
    return np.full(size, value, dtype=kind) if np.ndim(value) == 0 else np.asarray(value)


def binding_rules(problem: Problem, kept: Sequence[Block], quota: Ints) -> NDArray[np.object_]:
    """The rule that limits each cell (R × P × T): the finest total that is at its limit, the target itself apart."""
    out = np.full(quota.shape, "", dtype=object)
    for block in sorted(kept, key=lambda b: b.expression.grouping.size):
        if block.use.name == "meet_target" or not block.expression.terms[0].grouping.used[0]:
            continue
        activity = block.evaluate(quota)
        at_limit = (np.abs(activity - block.lower) < NEAR) | (np.abs(activity - block.upper) < NEAR)
        flags = np.zeros(block.expression.grouping.size, dtype=bool)
        flags[block.keep[at_limit]] = True
        out[np.broadcast_to(block.expression.grouping.expand(flags), quota.shape)] = block.use.name
    out[~problem.eligible] = ""
    return out


def fairness_table(
    problem: Problem, kept: Sequence[Block], quota: Ints, levels: Levels, fair: Fair, who: Ints, earlier: str = ""
) -> pd.DataFrame:
    """Level of each rep, the level of its peer group, and the rule that keeps the two apart."""
    unit, totals = float(problem.unit), quota.sum(axis=(1, 2)).astype(float)
    capacity = problem.capacity.by(REP)
    group = problem.group(REP).within(problem.group(PEER_GROUP))
    shares = np.full(totals.size, -1)
    for k, block in enumerate(fair.blocks):
        shares[who[block.members]] = k
    stop = np.full(totals.size, LINK)
    np.maximum.at(stop, who, fair.stop)
    main = _main_blocks(group, np.where(stop == LINK, shares, -1), capacity)
    where = [(block, k) for block in kept for k in range(block.size)]
    level = levels.level(totals)
    shared = np.array([fair.blocks[main[g]].level if main[g] >= 0 else np.nan for g in group])
    apart = ~(np.abs(totals - levels.quota(shared)) <= NEAR) | np.isnan(level)  # less than a unit is rounding
    reasons = [
        _reason(where, fair.blocks, int(stop[i]), int(shares[i]), int(main[group[i]]), earlier)
        if apart[i]
        else ("", "")
        for i in range(totals.size)
    ]
    stretch = np.divide(totals, capacity, out=np.full(totals.size, np.nan), where=capacity > 0)
    table = {
        "rep_id": problem.index.reps.index,
        "peer_group": problem.index.reps[PEER_GROUP].to_numpy(),
        "quota": totals * unit,
        "capacity": capacity * unit,
        "stretch": stretch,
        "level": level,
        "block": shared,
        "chance": chance_of(problem, totals),
        "stopped_by": [r[0] for r in reasons],
        "source": [r[1] for r in reasons],
    }
    return pd.DataFrame(table)[[c.name for c in FAIRNESS]]


def chance_of(problem: Problem, totals: Floats) -> Floats:
    """Probability that each rep's sales reach the quota (R), by the forecast."""
    return np.asarray(ndtr(-chance_levels(problem).level(totals)))


def _main_blocks(group: Ints, shares: Ints, capacity: Floats) -> Ints:
    """For each peer group the level block that holds most of its capacity; -1 when none does."""
    out = np.full(group.max(initial=0) + 1, -1)
    for g in range(out.size):
        mine = (group == g) & (shares >= 0)
        if mine.any():
            out[g] = np.bincount(shares[mine], capacity[mine]).argmax()
    return out


def _reason(
    where: Sequence[tuple[Block, int]], blocks: Sequence[LevelBlock], stop: int, share: int, main: int, earlier: str
) -> tuple[str, str]:
    """Rule and scope that keep a rep from its group's level, and their file lines; empty when at the level.

    What no rule holds, the goal before the levels does (`earlier`).
    """
    if stop != LINK:
        named = [stop]
    elif share in (main, -1) or (main >= 0 and abs(blocks[share].level - blocks[main].level) <= SAME):
        return "", ""
    else:
        named = [k for k in (*blocks[share].held_by, *blocks[main].held_by) if k != LINK]
        named = [k for k in dict.fromkeys(named) if where[k][0].use.name != "meet_target"]
    if not named:
        return earlier, ""
    words = [f"{where[k][0].use.name} {where[k][0].scope(where[k][1])}" for k in named]
    more = f" and {len(words) - 3} more" if len(words) > 3 else ""
    sources = dict.fromkeys(where[k][0].source(where[k][1]) for k in named[:3])
    return "; ".join(words[:3]) + more, "; ".join(sources)


def measures(problem: Problem, quota: Ints, fairness: pd.DataFrame, certificate: Certificate) -> pd.DataFrame:
    """Totals and the spread of stretch over reps; Gini and Jain's index weigh each rep alike."""
    unit, total = float(problem.unit), float(quota.sum())
    stretch = fairness["stretch"].dropna().to_numpy()
    chance = fairness["chance"].dropna().to_numpy()
    last = float(problem.last_year.values.sum())
    rows = [
        ("quota_total", total * unit, "money", "", "sum of all quotas"),
        ("capacity_total", float(problem.capacity.values.sum()) * unit, "money", "", "sum of all capacity"),
        ("last_year_total", last * unit, "money", "", "sales in the same months a year before"),
        ("overassignment", float(problem.overassignment), "ratio", "", "sum of quotas / target - 1"),
        ("growth", total / last - 1 if last > 0 else np.nan, "ratio", "", "sum of quotas / last year's sales - 1"),
    ]
    if stretch.size:
        rows += [
            ("stretch_median", float(np.median(stretch)), "ratio", "lower", "median quota / capacity of the reps"),
            ("stretch_max", float(stretch.max()), "ratio", "lower", "highest quota / capacity"),
            ("stretch_range", float(np.ptp(stretch)), "ratio", "lower", "highest less lowest quota / capacity"),
            ("stretch_gini", gini(stretch), "ratio", "lower", "Gini index of quota / capacity, 0 is equal"),
            ("stretch_theil", theil(stretch), "ratio", "lower", "Theil's index of quota / capacity, 0 is equal"),
            ("stretch_jain", jain(stretch), "ratio", "higher", "Jain's index of quota / capacity, 1 is equal"),
            ("reps_over_capacity", float((stretch > 1).sum()), "reps", "lower", "reps asked for more than capacity"),
        ]
    if chance.size:
        rows += [
            ("chance_median", float(np.median(chance)), "ratio", "higher", "median chance that sales reach the quota"),
            ("chance_range", float(np.ptp(chance)), "ratio", "lower", "highest less lowest chance"),
        ]
    scope = "whatever shifts on the way" if certificate.complete else "looking at moves between two reps"
    about = f"1: no quota can move from a more to a less stretched rep, {scope}"
    rows.append(("certified_fair", float(certificate.fair), "", "higher", about))
    rows.append(
        (
            "reps_stopped",
            float((fairness["stopped_by"] != "").sum()),
            "reps",
            "lower",
            "reps a rule keeps from their group's level",
        )
    )
    return pd.DataFrame(rows, columns=["measure", "value", "unit", "better", "about"])


def gini(x: Floats) -> float:
    """Gini index ``sum_ij |x_i - x_j| / (2 n^2 mean)``, by the sorted formula."""
    x = np.sort(x)
    n = x.size
    return float((2 * np.arange(1, n + 1) - n - 1) @ x / (n * x.sum())) if x.sum() > 0 else 0.0


def theil(x: Floats) -> float:
    """Theil's index ``mean(r ln r)`` of the ratios r to the mean; 0 ln 0 counts as 0."""
    ratio = x / x.mean() if x.sum() > 0 else np.ones_like(x)
    return float(np.mean(ratio * np.log(np.where(ratio > 0, ratio, 1.0))))


def jain(x: Floats) -> float:
    """Jain's fairness index ``(sum x)^2 / (n sum x^2)``."""
    return float(x.sum() ** 2 / (x.size * (x @ x))) if (x @ x) > 0 else 1.0
