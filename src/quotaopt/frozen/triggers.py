"""When a frozen plan may change: for a reason on a closed list, and only where more was lost than luck explains.

The band is half of what lies between the 10 % and the 90 % quantile of attainment, the median of the rep's peer group:
a smaller loss is within what a year brings anyway, and to change quotas for it would be to pay for luck.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quotaopt.archive import Run
from quotaopt.errors import Finding, InputError, nearest
from quotaopt.simulate import load_future

BAND = (0.1, 0.9)
OPTION = "--trigger"


def keep_triggers(run: Run, project: Path) -> dict[str, Any]:
    """What the record of a frozen plan says of its changes; nothing where the scenario lists no triggers.

    Raises
    ------
    NoPlanError
        If there are triggers, and the run has no draws to tell the bands from.
    """
    merged = tomllib.loads((run.folder / "scenario.toml").read_text(encoding="utf-8"))
    triggers = merged.get("policy", {}).get("triggers", [])
    if not triggers:
        return {}
    future = load_future(run, project)
    group = run.table("fairness").set_index("rep_id")["peer_group"].reindex(future.reps.index).fillna("")
    low, high = np.quantile(future.attained(future.sales), BAND, axis=1)
    half = pd.Series((high - low) / 2, future.reps.index).groupby(group.to_numpy()).transform("median")
    return {"triggers": triggers, "half_band": {str(rep): round(float(h), 6) for rep, h in half.dropna().items()}}


def check_trigger(record: Mapping[str, Any], trigger: str, old: pd.Series[Any], new: pd.Series[Any]) -> None:
    """Refuse a change that no trigger on the list stands for, or that takes less from a rep than luck might.

    Parameters
    ----------
    old, new : quota of each rep from the first month on that may change.

    Raises
    ------
    InputError
        With every rep who lost too little.
    """
    allowed = list(map(str, record.get("triggers", [])))
    if not allowed:
        if trigger:
            what = "this plan was frozen without a list of triggers"
            raise InputError([Finding(what, "Leave it out.", column=OPTION, value=trigger, code="trigger")])
        return
    if trigger not in allowed:
        near = nearest(trigger, allowed) if trigger else ""
        remedy = f"Did you mean {near!r}?" if near else f"They are: {', '.join(allowed)}."
        what = "this plan is changed only for what is on its list of triggers"
        raise InputError([Finding(what, remedy, column=OPTION, value=trigger, code="trigger")])
    was, now = old.astype(float), new.astype(float)
    lost = (1 - now / was.where(was > 0)).fillna(0.0)
    half = pd.Series(record["half_band"], dtype=float).reindex(lost.index).fillna(0.0)
    small = lost[(lost > 0) & (lost <= half)]
    remedy = "So much comes and goes by luck: leave this quota as it is."
    band = "within half of its group's 80 % band of attainment"
    parts = zip(small.index, small, half[small.index], strict=True)
    told = [(str(rep), f"loses {100 * part:.1f} %, {band} ({100 * most:.1f} %)") for rep, part, most in parts]
    if told:
        raise InputError(Finding(what, remedy, column=rep, code="trigger") for rep, what in told)
