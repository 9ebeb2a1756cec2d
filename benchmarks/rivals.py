"""What forecasts are measured against: the seasonal naive, last year's sum, and AutoETS with MinT-shrink.

Every method answers for every series of every level of a `Hierarchy`, so that all are scored on the same truth.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.stats import norm

from quotaopt.forecast.methods import forecasters
from quotaopt.forecast.panel import YEAR, Floats, Panel, Texts

QUANTILES = np.round(np.arange(0.05, 0.96, 0.05), 2)
LEVELS = ("total", "region", "middle", "rep", "product", "region x product", "middle x product", "cell")


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """All series of all levels of a panel, stacked.

    Attributes
    ----------
    sums : sparse, shape (series, reps × products): which cells add up to each series.
    level : name of each series' level, in the order of `LEVELS`.
    """

    sums: sp.csr_array
    level: Texts

    def total(self, cells: Floats) -> Floats:
        """Sums of shape (series, …) of `cells`, shape (reps, products, …)."""
        flat = cells.reshape(self.sums.shape[1], -1)
        return np.asarray(self.sums @ flat).reshape(-1, *cells.shape[2:])


def make_hierarchy(panel: Panel, middle: Texts) -> Hierarchy:
    """Total, region, middle level if any, rep, product, and region and middle by product, down to the cells."""
    n, p = len(panel.reps), len(panel.products)
    everyone, each = np.zeros(n, dtype=int), np.arange(n)
    region = np.unique(panel.region.astype(str), return_inverse=True)[1]
    groups = {"total": everyone, "region": region, "rep": each}
    if middle.size:
        groups["middle"] = np.unique(middle.astype(str), return_inverse=True)[1]
    blocks, names = [], []
    for level in LEVELS:
        by_product = level in ("product", "cell") or level.endswith("x product")
        code = groups.get({"product": "total", "cell": "rep"}.get(level, level.removesuffix(" x product")))
        if code is None:
            continue
        row = (code[:, None] * p + np.arange(p) if by_product else np.repeat(code[:, None], p, axis=1)).ravel()
        size = (code.max() + 1) * (p if by_product else 1)
        blocks.append(sp.csr_array((np.ones(n * p), (row, np.arange(n * p))), shape=(size, n * p)))
        names += [level] * size
    return Hierarchy(sp.csr_array(sp.vstack(blocks)), np.array(names, dtype=object))


@dataclass(frozen=True, eq=False)
class Answer:
    """What a method says of every series.

    Attributes
    ----------
    mean : shape (series, horizon).
    months : the 19 quantiles of each month, shape (series, horizon, 19); empty when the method gives none.
    year : those of the sum over the horizon, shape (series, 19); empty when the method gives none.
    """

    mean: Floats
    months: Floats
    year: Floats


NONE = np.zeros((0, 0))


def answer_means(hierarchy: Hierarchy, cells: Floats) -> Answer:
    """An answer without a distribution."""
    return Answer(hierarchy.total(cells), NONE, NONE)


def seasonal_naive(panel: Panel, horizon: int, hierarchy: Hierarchy) -> Answer:
    """The same month a year before; normal quantiles from the seasonal differences, as statsforecast has them.

    With a year or less the mean month, and the months' own deviation. A year's sum counts its months as independent.
    """
    mean = hierarchy.total(forecasters["seasonal_naive"](panel, horizon))
    past = hierarchy.total(np.nan_to_num(panel.values))
    rest = past[:, YEAR:] - past[:, :-YEAR] if panel.length > YEAR else past - past.mean(axis=1, keepdims=True)
    deviation = np.sqrt((rest**2).mean(axis=1))[:, None]
    z = norm.ppf(QUANTILES)
    months = mean[:, :, None] + deviation[:, :, None] * z
    return Answer(mean, months, mean.sum(axis=1)[:, None] + np.sqrt(horizon) * deviation * z)


def last_year_sum(panel: Panel, horizon: int, hierarchy: Hierarchy) -> Answer:
    """The last year's sum of each cell, spread as the company's year was."""
    return answer_means(hierarchy, forecasters["last_year_sum"](panel, horizon))


# --- AutoETS and MinT ---------------------------------------------------------------------------------------------


def recall(folder: Path | None, panel: Panel, horizon: int, hierarchy: Hierarchy) -> dict[str, Answer]:
    """What `auto_ets_mint` says; kept in a folder by all it depends on, so that a panel is paid for once."""
    if folder is None:
        return auto_ets_mint(panel, horizon, hierarchy)
    key = hashlib.blake2b(np.ascontiguousarray(panel.values).tobytes(), digest_size=12)
    versions = (version("statsforecast"), version("hierarchicalforecast"))
    key.update(repr((panel.values.shape, horizon, hierarchy.level.tolist(), panel.region.tolist(), versions)).encode())
    file = folder / f"{key.hexdigest()}.npz"
    if not file.exists():
        found = auto_ets_mint(panel, horizon, hierarchy)
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(file, **{f"{kind} {part}": x for kind, a in found.items() for part, x in vars(a).items()})
    with np.load(file) as kept:
        kinds = dict.fromkeys(name.split()[0] for name in kept)
        return {k: Answer(kept[f"{k} mean"], kept[f"{k} months"], NONE) for k in kinds}


def auto_ets_mint(panel: Panel, horizon: int, hierarchy: Hierarchy) -> dict[str, Answer]:
    """AutoETS of every series, reconciled by MinT-shrink, with bootstrap and with normal intervals.

    Library defaults. A month without a record is a zero here, since the library reconciles balanced panels only.
    Bootstrap intervals are left out where the library cannot give them.
    """
    past = hierarchy.total(np.nan_to_num(panel.values))
    names = [f"s{k:05}" for k in range(len(past))]
    months = pd.date_range("2000-01-01", periods=panel.length, freq="MS")
    base, fitted = _fit_ets(pd.DataFrame({
        "unique_id": np.repeat(names, panel.length), "ds": np.tile(months, len(names)), "y": past.ravel(),
    }), horizon)  # fmt: skip
    found = {}
    for kind in ("normality", "bootstrap"):
        try:
            found[kind] = _reconcile(base, fitted, hierarchy, names, kind)
        except Exception as error:  # noqa: BLE001  the library's own failure is a result here
            print(f"    {kind} intervals failed in the library: {type(error).__name__}: {str(error)[:90]}")
    return found


def _fit_ets(frame: pd.DataFrame, horizon: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS, HistoricAverage

    levels = [int(x) for x in np.arange(10, 91, 10)]
    run = StatsForecast([AutoETS(season_length=YEAR)], freq="MS", fallback_model=HistoricAverage())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        base = run.forecast(h=horizon, df=frame, level=levels, fitted=True)
        fitted = run.forecast_fitted_values()
    return base, fitted[[c for c in fitted.columns if "-lo-" not in c and "-hi-" not in c]]


def _reconcile(base: Any, fitted: Any, hierarchy: Hierarchy, names: list[str], kind: str) -> Answer:
    from hierarchicalforecast.core import HierarchicalReconciliation
    from hierarchicalforecast.methods import MinTrace

    cells = [name for name, level in zip(names, hierarchy.level, strict=True) if level == "cell"]
    table = pd.DataFrame(hierarchy.sums.toarray(), columns=cells)
    table.insert(0, "unique_id", names)
    tags = {level: np.array(names)[hierarchy.level == level] for level in dict.fromkeys(hierarchy.level)}
    levels = [int(x) for x in np.arange(10, 91, 10)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = HierarchicalReconciliation([MinTrace("mint_shrink")]).reconcile(
            Y_hat_df=base, Y_df=fitted, S_df=table, tags=tags, level=levels, intervals_method=kind, seed=0
        )
    out = out.sort_values(["unique_id", "ds"])
    name = "AutoETS/MinTrace_method-mint_shrink"
    columns = [f"{name}-lo-{k}" for k in levels[::-1]] + [name] + [f"{name}-hi-{k}" for k in levels]
    horizon = len(out) // len(names)
    months = out[columns].to_numpy(np.float64).reshape(len(names), horizon, -1)
    mean = out[name].to_numpy(np.float64).reshape(len(names), horizon)
    if not np.isfinite(months).all():
        raise ValueError("quantiles that are no numbers")
    return Answer(mean, months, NONE)
