"""How a forecast came about: the steps to one rep's potential, and how all of it would have done before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.forecast.backtest import choose_origins
from quotaopt.forecast.history.cleared import clear_history
from quotaopt.forecast.panel import Floats, Panel
from quotaopt.forecast.peers import find_peers
from quotaopt.forecast.pool.members import MEAN_OF
from quotaopt.forecast.pool.outlook import Outlook
from quotaopt.forecast.pool.pooled import make_outlook
from quotaopt.forecast.sampling.hindcast import backtest_distribution

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs


@dataclass(frozen=True, eq=False)
class Trace:
    """How the forecast of one rep's sum over the plan came about, money.

    Attributes
    ----------
    components : method, amount and weight, one row per component forecast.
    steps : what the mean of the components is, then what each step adds, by name: ``mean``, ``weighed`` by how well
        they did before, ``learnt`` from past errors, ``summed`` so that all levels add up, ``shared`` between reps,
        ``choice`` of another method where that did better, ``again`` what one-off orders add that somebody will have.
    own : weight of own history in the rep's level.
    """

    components: pd.DataFrame
    steps: Mapping[str, float]
    own: float


def trace_rep(inputs: Inputs, settings: Settings, rep: str) -> Trace:
    """Forecast again, and keep what is said of this rep on the way."""
    cleared = clear_history(inputs, settings)
    panel, gap = cleared.panel, cleared.past.gap
    outlook = make_outlook(cleared.mature, cleared.horizon, settings.forecast.method)
    r = panel.reps.index(rep)
    mature = int(panel.mature[:r].sum())
    made = _trace_mature(outlook, mature, gap) if panel.mature[r] else _trace_new(panel, outlook, r, gap)
    return replace(made, steps={**made.steps, "again": cleared.again * sum(made.steps.values())})


def _trace_mature(outlook: Outlook, r: int, gap: int) -> Trace:
    said = float(outlook.mean[r, :, gap:].sum())
    pooled = next((x for x in (outlook, *outlook.members.values()) if x.steps), None)
    if pooled is None or pooled.steps is None:
        return _make([(outlook.method, said, 1.0)], {"mean": said}, 1.0)
    made = pooled.steps
    used = _middle(np.stack([made.members[name][r, gap:] for name in MEAN_OF]))
    share = dict(zip(MEAN_OF, used, strict=True))
    rows = [(name, *_weigh(x[r, gap:], share.get(name, 0.0))) for name, x in made.members.items()]
    after = {name: _total(getattr(made, name), r, gap) for name in ("mean", "weighed", "learnt", "summed", "shared")}
    return _make(rows, after | {"choice": said}, float(made.own[r]))


def _middle(months: Floats) -> Floats:
    """Weight of each component in each month's mean, which leaves out the highest and the lowest; shape as given."""
    rank = np.argsort(np.argsort(months, axis=0, kind="stable"), axis=0)
    inside = (rank > 0) & (rank < len(months) - 1)
    return np.asarray(inside / np.maximum(inside.sum(axis=0), 1))


def _weigh(months: Floats, weight: Floats | float) -> tuple[float, float]:
    """A component's sum over the plan, and its weight in the mean's sum."""
    amount, part = float(months.sum()), float((months * weight).sum())
    return amount, part / amount if amount else 0.0


def _trace_new(panel: Panel, outlook: Outlook, r: int, gap: int) -> Trace:
    """A new hire's own history and peers, apart: the blend with all weight on one and on the other."""
    peers = find_peers(panel)
    mean = np.zeros((*panel.values.shape[:2], outlook.mean.shape[2]))
    mean[panel.mature] = outlook.mean
    own, theirs = (
        _total(replace(peers, own_weight=np.full_like(peers.own_weight, w)).blend(panel, mean).sum(axis=1), r, gap)
        for w in (1.0, 0.0)
    )
    weight = float(peers.own_weight[r])
    rows = [("own history", own, weight), ("peers", theirs, 1 - weight)]
    return _make(rows, {"mean": weight * own + (1 - weight) * theirs}, weight)


def _total(months: Floats, r: int, gap: int) -> float:
    return float(months[r, gap:].sum())


def _make(rows: list[tuple[str, float, float]], after: dict[str, float], own: float) -> Trace:
    """Amounts after each step as what each step adds."""
    steps = {"mean": after["mean"]} | {name: after[name] - after[last] for last, name in pairwise(after)}
    return Trace(pd.DataFrame(rows, columns=["method", "amount", "weight"]), steps, own)


def look_back(inputs: Inputs, settings: Settings) -> pd.DataFrame:
    """The back-test of mean and distribution, see `backtest_distribution`; empty when the history is too short."""
    cleared, asked = clear_history(inputs, settings), settings.forecast
    if not choose_origins(cleared.panel.length, cleared.horizon)[0]:
        return pd.DataFrame()
    return backtest_distribution(
        cleared.panel, cleared.horizon, asked.method, level=float(asked.level), samples=asked.samples, seed=asked.seed
    )
