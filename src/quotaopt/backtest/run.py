"""The back-test: origin by origin, the scenario's own quotas and simple ones against what was sold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from quotaopt.allocate import allocate
from quotaopt.backtest.past import NODES, Past, look_from, past_cube
from quotaopt.backtest.score import pool, score
from quotaopt.backtest.splits import simple_splits
from quotaopt.case import Case
from quotaopt.check import read_checked
from quotaopt.columns.quality import QUOTA_TEST
from quotaopt.errors import Finding, InputError, NoPlanError, QuotaoptError
from quotaopt.forecast.panel import YEAR, month_name, month_number
from quotaopt.record import shape
from quotaopt.scenario import Scenario
from quotaopt.tables import Inputs

LEAST_KNOWN = 3
CAVEAT = (
    "Sales reacted to the quotas there were, so that differences between methods are rather larger than shown. What is "
    "divided is the total that was sold: how well a total is guessed is not judged here. The best simple method is "
    "known in hindsight only."
)
PLAN, REAL, POTENTIAL = "plan", "real quotas", "potential"


def backtest_quotas(scenario: Scenario, months: int, origins: int) -> tuple[pd.DataFrame, list[str]]:
    """Divide what was sold in past months by the scenario's rules and by simple ways; columns `QUOTA_TEST`.

    Parameters
    ----------
    months : how many are hidden at each origin; the newest origin hides the last ones of the history.
    origins : how often at most; each a step of `months` earlier, as long as a year before it is known (with a shorter
        history as many months as are hidden, and three at least).

    Returns
    -------
    table, notes : one row per origin and method, then one for all origins together; what to know of them, in words.

    Raises
    ------
    InputError
        With every problem of the scenario and its data; if the history is too short.
    """
    inputs = read_checked(scenario)
    begun, end = (month_number(str(m)) for m in (inputs.history["month"].min(), inputs.history["month"].max()))
    length = end - begun + 1
    least = YEAR if length - months >= YEAR else max(min(months, length - months), LEAST_KNOWN)
    chosen = range(length - months, least - 1, -months)[:origins]
    if not chosen:
        what = f"too short for a back-test: {length} months, of which {months} are hidden"
        file = scenario.show(scenario.settings.data.history[0])
        raise InputError([Finding(what, "Hide fewer: --months 3.", file=file, code="history")])
    parts, notes = list[pd.DataFrame](), dict[str, None]()
    for known in chosen:
        past = look_from(scenario, inputs, month_name(begun + known), months)
        if past is None:
            notes[f"{month_name(begun + known)}: nothing was sold in these months; left out"] = None
            continue
        quotas = _divide(past, inputs, [month_name(begun + k) for k in range(known)], months, notes)
        parts.append(score(past, quotas))
    if not parts:
        raise NoPlanError("nothing was sold in any of the hidden months")
    return shape(pd.concat([*parts, pool(parts)], ignore_index=True), QUOTA_TEST), list(notes)


def _divide(
    past: Past, inputs: Inputs, months: Sequence[str], hidden: int, notes: dict[str, None]
) -> dict[str, pd.Series[float]]:
    """What each method would have asked of each rep, money, adding up to what was sold."""
    reps = past.inputs.roster["rep_id"].tolist()
    quotas = {PLAN: _plan(past, notes)}
    splits = simple_splits(past_cube(past, tuple(months)), hidden)
    shares = {name: pd.Series(np.maximum(cube.sum(axis=(1, 2)), 0.0), index=reps) for name, cube in splits.items()}
    market = past.inputs.more.get("roster_market")
    if market is not None and market["potential"].notna().any():
        found = market.set_index("rep_id")["potential"].reindex(list(past.inputs.roster["rep_id"]))
        potential = found.astype(np.float64).fillna(0.0)
        shares[POTENTIAL] = pd.Series(np.maximum(potential.to_numpy(np.float64), 0.0), index=reps)
    if len(given := inputs.more.get("quotas", pd.DataFrame())):
        first, last = past.scenario.settings.first_month, past.scenario.settings.last_month
        table = given[(given["month"] >= first) & (given["month"] <= last)].astype({"quota": float})
        real = table.groupby("rep_id")["quota"].sum().reindex(reps).fillna(0.0)
        shares[REAL] = real
        if real.sum() > 0:
            notes[
                f"{first}: the real quotas came to {real.sum():,.0f}, {real.sum() / past.total:.2f} × what was sold; "
                "they are scaled to it"
            ] = None
    return quotas | {name: s * (past.total / s.sum()) for name, s in shares.items() if s.sum() > 0}


def _plan(past: Past, notes: dict[str, None]) -> pd.Series[float]:
    """Quotas by the scenario's rules; by the target and the goals alone where they allow no plan."""
    case = Case(past.scenario, given=past.inputs)
    notes.update(dict.fromkeys(past.notes))
    first, rules = past.scenario.settings.first_month, past.scenario.settings.rules
    fewer = {name: given for name, given in rules.items() if name not in NODES}
    failure, kept = "", ""
    for tried, kept in (
        (rules, ""),
        (fewer, "today's shares are left out"),
        ({"meet_target": {}}, "only meet_target is kept"),
    ):
        scenario = replace(past.scenario, settings=past.scenario.settings.model_copy(update={"rules": tried}))
        try:
            plan = allocate(case.under(scenario), scenario)
        except InputError as error:
            failure = failure or str(error.findings[0])
            continue
        if plan.quota is not None:
            if kept:
                notes[f"{first}: {kept}: the rules allow no plan for what was sold. {failure}"] = None
            return plan.by_rep().reindex(past.inputs.roster["rep_id"]).fillna(0.0)
        failure = failure or plan.sentence or plan.status
    raise QuotaoptError(f"no plan for {first}: {failure}")
