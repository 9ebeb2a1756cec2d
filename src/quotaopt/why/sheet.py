"""Everything that explains one rep's quota, gathered for a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from quotaopt.case import Case
from quotaopt.errors import Finding
from quotaopt.why.dropped import drop_each
from quotaopt.why.ladder import make_ladder, waterfall
from quotaopt.why.less import LESS, payers, ways_to_less
from quotaopt.why.rep import closest, holds, peer_table


@dataclass(frozen=True, eq=False)
class RepWhy:
    """One rep's quota, explained.

    Attributes
    ----------
    rep, name, region : who it is.
    facts : quota, last_year, capacity, stretch, level, group_level, chance, less (the smaller quota asked about).
    stopped_by, source : rules that keep the rep from the peer group's level, and their places; empty when none does.
    steps : the waterfall, see `columns.why.EXPLAIN`.
    holds, peers, less : see `columns.why`.
    paid_by : of the lock in `less`, the part each region pays, largest first.
    same_group : whether the peers are of the rep's own peer group.
    notes : what the reader must know.
    """

    rep: str
    name: str
    region: str
    scenario: str
    currency: str
    months: tuple[str, str]
    facts: dict[str, float]
    stopped_by: str
    source: str
    steps: pd.DataFrame
    holds: pd.DataFrame
    peers: pd.DataFrame
    less: pd.DataFrame
    paid_by: dict[str, float]
    same_group: bool
    notes: tuple[Finding, ...]


def explain_rep(case: Case, rep: str) -> RepWhy:
    """Explain the quota of one rep (its id).

    Raises
    ------
    SolverError
        If the solver stops early.
    """
    reps, record = case.problem.index.reps, case.run.record
    r = [str(name) for name in reps.index].index(rep)
    ladder = make_ladder(case)
    steps, peers, same = waterfall(case, ladder), *closest(case, r)
    roster = case.inputs.roster.set_index("rep_id").loc[rep]
    fair = cast("pd.Series[Any]", case.run.table("fairness").set_index("rep_id").loc[rep])
    facts = {name: float(fair[name]) for name in ("quota", "capacity", "stretch", "level", "chance")}
    facts |= {"group_level": float(fair["block"]), "last_year": float(steps["amount"][steps["rep_id"] == rep].iloc[0])}
    facts["less"] = float(int(case.totals[r] * (1 - LESS)) * case.problem.unit)
    rules = dict.fromkeys(text.split(" ")[0] for text in str(fair["stopped_by"]).split("; ") if text)
    return RepWhy(
        rep, str(roster["rep_name"]), str(roster["region"]), case.run.scenario, str(record["currency"]),
        (str(record["first_month"]), str(record["last_month"])), facts, "; ".join(rules), str(fair["source"]),
        steps[steps["rep_id"] == rep].drop(columns="rep_id").reset_index(drop=True),
        holds(case, r, drop_each(case)), peer_table(case, r, peers), ways_to_less(case, r),
        _by_region(case, r), same, ladder.notes,
    )  # fmt: skip


def _by_region(case: Case, r: int) -> dict[str, float]:
    """Which part of what a lower quota costs others falls on each region, largest first."""
    pays = pd.Series(payers(case, r)).groupby(case.problem.index.reps["region"].to_numpy()).sum()
    pays = pays[pays > 0].sort_values(ascending=False, kind="stable")
    return {str(region): round(float(value), 6) for region, value in (pays / pays.sum()).items()}
