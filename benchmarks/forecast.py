"""Measure forecasts against the targets set for them, on real and generated panels.

    python benchmarks/forecast.py                                the seasonal naive and last year's sum as rivals
    python benchmarks/forecast.py --peer statsforecast           AutoETS + MinT-shrink in the same job
    python benchmarks/forecast.py --panel tourism60 --panel alike --origins 2
    python benchmarks/forecast.py --speed 200000                 only time and memory of that many series × 60 months

Prints a table of panels (WAPE by level, WAPE of the year's sum, scaled CRPS, coverage of the 80 % interval), the table
of targets with pass or fail, and one JSON line. Rolling origins a year apart; every method forecasts the same reps
(those with a year of history) from the same months, and all levels are scored on the same truth.

The peer needs ``pip install statsforecast hierarchicalforecast``. Data sets are looked for beside the repository
(``../shared/data``, or ``--data``); those that are not there are left out.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd

from panels import DATA, NAMES, Case, generate, load_cases
from quotaopt.forecast.history.fence import expect_again, fence_panel
from quotaopt.forecast.methods import forecasters
from quotaopt.forecast.panel import YEAR, Floats, Panel
from quotaopt.forecast.pool.outlook import keep_cuts
from quotaopt.forecast.pool.pooled import Outlook, make_outlook
from quotaopt.forecast.sampling.draws import Draws, make_draws
from quotaopt.settings import Forecasting
from rivals import (
    LEVELS,
    NONE,
    QUANTILES,
    Answer,
    Hierarchy,
    answer_means,
    last_year_sum,
    make_hierarchy,
    recall,
    seasonal_naive,
)

OURS, NAIVE, PEER = "quotaopt", "seasonal_naive", "AutoETS + MinT"
SAMPLES = 400
TENTH, NINETIETH = (int(np.flatnonzero(np.isclose(QUANTILES, q))[0]) for q in (0.1, 0.9))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", choices=("statsforecast",), help="measure AutoETS + MinT-shrink too")
    parser.add_argument("--panel", action="append", choices=NAMES, help="only this panel; may be given again")
    parser.add_argument("--method", action="append", default=[], choices=list(forecasters), help="one more forecaster")
    parser.add_argument("--origins", type=int, default=8, help="most origins of a panel")
    parser.add_argument("--seeds", type=int, default=5, help="draws of each generated panel, added up")
    parser.add_argument("--keep", type=Path, help="folder in which the peer's forecasts are kept for the next run")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the data sets")
    parser.add_argument("--speed", type=int, action="append", help="only time this many series; 0 for the small case")
    args = parser.parse_args(arguments)
    if args.speed and len(args.speed) == 1:
        print(json.dumps(time_ours(args.speed[0])))
        return
    results = pd.concat(
        measure_case(case, args.method, peer=bool(args.peer), keep=args.keep)
        for case in load_and_tell(tuple(args.panel or NAMES), args.data, args.origins, args.seeds)
    )
    table = summarise(results)
    show_panels(table)
    speed = {} if args.panel else {size: run_apart(size) for size in (0, 10_000)}
    rows = compare(table, speed)
    show_targets(rows)
    print(json.dumps({"targets": [row.record() for row in rows], "panels": as_records(table)}))


def load_and_tell(names: tuple[str, ...], folder: Path, origins: int, seeds: int) -> list[Case]:
    """The cases there are; a sentence for each that is not."""
    found = list(load_cases(names, folder, origins, seeds))
    for sentence in (case for case in found if isinstance(case, str)):
        print(sentence)
    return [case for case in found if isinstance(case, Case)]


# --- measuring ----------------------------------------------------------------------------------------------------


def measure_case(case: Case, methods: Sequence[str], *, peer: bool, keep: Path | None = None) -> pd.DataFrame:
    """Sums of errors of each method at each level and origin of a case."""
    rows = []
    for origin in case.origins:
        known, actual, middle = case.split(origin)
        hierarchy = make_hierarchy(known, middle)
        answers: dict[str, Answer] = {
            NAIVE: seasonal_naive(known, case.horizon, hierarchy),
            "last_year_sum": last_year_sum(known, case.horizon, hierarchy),
        }
        for name in methods:
            answers[name] = answer_means(hierarchy, forecasters[name](known, case.horizon))
        began = process_time()
        answers[OURS] = answer_ours(known, case.horizon, hierarchy)
        seconds = process_time() - began
        print(f"{case.name}, {origin} months known, {len(hierarchy.level)} series: {seconds:.1f} CPU s", flush=True)
        if peer:
            answers |= {f"{PEER} {k}": a for k, a in recall(keep, known, case.horizon, hierarchy).items()}
        truth, past = hierarchy.total(actual), hierarchy.total(np.nan_to_num(known.values))
        for name, answer in answers.items():
            found = measure(answer, truth, past, hierarchy)
            rows.append(found.assign(panel=case.name, method=name, origin=origin, whole_year=case.horizon >= YEAR))
    return pd.concat(rows)


def answer_ours(known: Panel, horizon: int, hierarchy: Hierarchy, samples: int = SAMPLES) -> Answer:
    """The forecast this project makes, with the quantiles of its joint sample paths."""
    outlook, draws = draw_ours(known, horizon, samples)
    paths = np.concatenate([block for _, block in draws.blocks()])
    series = hierarchy.total(paths)
    months = np.moveaxis(np.quantile(series, QUANTILES, axis=2), 0, -1)
    year = np.quantile(series.sum(axis=1), QUANTILES, axis=1).T
    return Answer(hierarchy.total(outlook.mean), months, year)


def draw_ours(known: Panel, horizon: int, samples: int) -> tuple[Outlook, Draws]:
    """What `make_forecast` does for mature reps: one-off orders fenced, mean, sample paths."""
    panel = fence_panel(known, Forecasting())
    outlook = make_outlook(panel, horizon)
    outlook = replace(outlook, mean=outlook.mean * (1 + expect_again(known, panel)))
    spread = keep_cuts(outlook, known.values - panel.values)
    return outlook, make_draws(panel, spread, outlook.mean, samples=samples)


def measure(answer: Answer, truth: Floats, past: Floats, hierarchy: Hierarchy) -> pd.DataFrame:
    """One row per level: what the ratios of `summarise` are made of, so that origins can be added up."""
    error = answer.mean - truth
    lag = np.diff(past, axis=1) if past.shape[1] <= YEAR else past[:, YEAR:] - past[:, :-YEAR]
    absolute, square = np.abs(lag).mean(axis=1), (lag**2).mean(axis=1)
    scaled = absolute > 0
    rows = {
        "error": np.abs(error).sum(axis=1),
        "size": np.abs(truth).sum(axis=1),
        "year_error": np.abs(error.sum(axis=1)),
        "year_size": np.abs(truth.sum(axis=1)),
        "mase": np.divide(np.abs(error).mean(axis=1), absolute, out=np.zeros_like(absolute), where=scaled),
        "rmsse": np.sqrt(np.divide((error**2).mean(axis=1), square, out=np.zeros_like(square), where=scaled)),
        "scaled": scaled.astype(float),
        "series": np.ones(len(truth)),
        "months": np.full(len(truth), truth.shape[1]),
        **_measure_quantiles(answer, truth),
    }
    # A series nobody had sold in the year before was replaced or is new: no history tells of it.
    sold = (past[:, -YEAR:] != 0).any(axis=1)
    rows |= {f"sold_{name}": np.where(sold, rows[name], 0.0) for name in ("hits", "months", "year_hits", "series")}
    return pd.DataFrame(rows).groupby(hierarchy.level.astype(str)).sum(min_count=1).rename_axis("level").reset_index()


def _measure_quantiles(answer: Answer, truth: Floats) -> dict[str, Floats]:
    """Quantile loss (mean over the quantiles) and hits of the 80 % interval, per series; nan without quantiles."""
    nothing = np.full(len(truth), np.nan)
    loss = hits = year_hits = nothing
    if answer.months is not NONE:
        off = truth[:, :, None] - answer.months
        loss = 2 * np.maximum(QUANTILES * off, (QUANTILES - 1) * off).mean(axis=2).sum(axis=1)
        hits = ((off[:, :, TENTH] >= 0) & (off[:, :, NINETIETH] <= 0)).sum(axis=1).astype(float)
    if answer.year is not NONE:
        off = truth.sum(axis=1)[:, None] - answer.year
        year_hits = ((off[:, TENTH] >= 0) & (off[:, NINETIETH] <= 0)).astype(float)
    return {"loss": loss, "hits": hits, "year_hits": year_hits}


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """One row per panel, method and level, over all origins.

    wape = sum |forecast − actual| / sum |actual|, of months and of the sums over the horizon; scrps = twice the sum of
    the quantile losses, mean over 19 quantiles, over the sum of |actual| (as hierarchicalforecast's scaled CRPS);
    cover = share of months, and of sums, inside the central 80 %: of series that had sold in the year before, and of
    all of them. Sums over less than a year (`cover_part`) are another thing than a year's.
    """
    keys = ["panel", "whole_year", "method", "level"]
    sums = results.drop(columns="origin").groupby(keys, sort=False).sum(min_count=1).reset_index("whole_year")
    year = sums["sold_year_hits"] / sums["sold_series"]
    table = pd.DataFrame({
        "wape": sums["error"] / sums["size"],
        "year_wape": sums["year_error"] / sums["year_size"],
        "scrps": sums["loss"] / sums["size"],
        "cover": sums["sold_hits"] / sums["sold_months"],
        "cover_year": year.where(sums["whole_year"]),
        "cover_part": year.where(~sums["whole_year"]),
        "cover_all": sums["hits"] / sums["months"],
        "cover_year_all": (sums["year_hits"] / sums["series"]).where(sums["whole_year"]),
        "mase": sums["mase"] / sums["scaled"],
        "rmsse": sums["rmsse"] / sums["scaled"],
    })  # fmt: skip
    return _keep_better_peer(table)


def _keep_better_peer(table: pd.DataFrame) -> pd.DataFrame:
    """Of the peer's two kinds of intervals, the one with the lower mean scaled CRPS on a panel."""
    score = table["scrps"].groupby(["panel", "method"], sort=False).mean()
    kept = []
    for panel in dict.fromkeys(table.index.get_level_values("panel")):
        part = table.loc[[panel]]
        peers = [m for m in dict.fromkeys(part.index.get_level_values("method")) if m.startswith(PEER)]
        worse = sorted(peers, key=lambda m: score[panel, m])[1:]
        kept.append(part.drop(index=[(panel, m) for m in worse]).rename(index=dict.fromkeys(peers, PEER)))
    return pd.concat(kept)


# --- the targets --------------------------------------------------------------------------------------------------


Bounds = tuple[float, float]
NO_TARGET: Bounds = (-np.inf, np.inf)


@dataclass(frozen=True)
class Target:
    """One row of the table of targets: what was found, what must be and what would be good.

    `low` and `high` bound a range; a value without `low` must only stay below `high`.
    """

    name: str
    values: tuple[float, ...]
    must: Bounds
    good: Bounds
    worst: str = ""

    def verdict(self) -> str:
        """``good``, ``pass``, ``FAIL``, ``not measured``, or ``no target``: for the eye only."""
        if self.must == NO_TARGET:
            return "no target"
        if not self.values or not all(np.isfinite(v) for v in self.values):
            return "not measured"
        inside = [all(low <= v <= high for v in self.values) for low, high in (self.good, self.must)]
        return "good" if inside[0] else "pass" if inside[1] else "FAIL"

    def record(self) -> dict[str, Any]:
        """For JSON."""
        return {"target": self.name, "values": [float(f"{v:.4g}") for v in self.values], "verdict": self.verdict()}


COVERAGE: dict[str, tuple[str, Bounds, Bounds]] = {
    "months": ("cover", (0.7, 0.9), (0.75, 0.88)),
    "year's sum": ("cover_year", (0.6, 0.92), (0.72, 0.9)),
    "months, all series": ("cover_all", NO_TARGET, NO_TARGET),
    "year's sum, all series": ("cover_year_all", NO_TARGET, NO_TARGET),
    "sum of fewer months": ("cover_part", NO_TARGET, NO_TARGET),
}


def compare(table: pd.DataFrame, speed: dict[int, dict[str, float]]) -> list[Target]:
    """Every target, in the order they were set."""
    naive, peer = _ratio(table, "scrps", NAIVE), _ratio(table, "scrps", PEER)
    month = (_pick(table, OURS)["wape"] / _pick(table, PEER)["wape"]).dropna()
    rows = [
        Target("mean sCRPS / seasonal naive, geometric mean", _geometric(naive), (0, 0.85), (0, 0.75)),
        Target("mean sCRPS / AutoETS + MinT, geometric mean", _geometric(peer), (0, 0.95), (0, 0.85)),
        Target("mean sCRPS / AutoETS + MinT, worst panel", *_worst(peer, (0, 1.0), (0, 0.95))),
        Target("monthly WAPE / AutoETS + MinT, worst level", *_worst(month, (0, 1.03), (0, 0.98))),
    ]
    for level in ("rep", "cell"):
        year = _ratio(table, "year_wape", NAIVE, level)
        rows.append(Target(f"year's WAPE / seasonal naive, {level}, mean", _geometric(year), (0, 1.0), (0, 0.9)))
    for level in ("cell", "rep"):
        for what, (column, must, good) in COVERAGE.items():
            found = _pick(table, OURS)[column].xs(level, level="level").dropna()
            rows.append(Target(f"80 % interval, {what}, {level}", *_range(found, must, good)))
    rows += [
        Target("coherence: relative error of sums", _coherence(), (0, 1e-9), (0, 1e-9)),
        Target("unit × 1e-4 and × 1e7: relative error", _unit_error(), (0, 1e-6), (0, 1e-6)),
    ]
    return rows + _speed_targets(speed)


def _speed_targets(speed: dict[int, dict[str, float]]) -> list[Target]:
    limits = {0: (5, 1.5, 0, 0), 10_000: (30, 12, 0, 0), 200_000: (300, 90, 6, 4)}
    rows = []
    for size, (must, good, must_gib, good_gib) in limits.items():
        name = f"{size:,} series × 60 months" if size else "20 reps × 5 products × 36 months"
        took = speed.get(size, {})
        seconds = (took["cpu_seconds"],) if took else ()
        rows.append(Target(f"{name}: CPU seconds", seconds, (0, must), (0, good)))
        if must_gib:
            gib = (took["peak_gib"],) if took else ()
            rows.append(Target(f"{name}: GiB", gib, (0, must_gib), (0, good_gib)))
    return rows


def _pick(table: pd.DataFrame, method: str) -> pd.DataFrame:
    """Rows of one method, by panel and level."""
    rows = table.index.get_level_values("method") == method
    return table[rows].droplevel("method")


def _ratio(table: pd.DataFrame, column: str, rival: str, level: str = "") -> pd.Series:
    """Ours over the rival's by panel: of one level, or of the mean over levels."""
    ours, theirs = _pick(table, OURS)[column], _pick(table, rival)[column]
    if level:
        return (ours.xs(level, level="level") / theirs.xs(level, level="level")).dropna()
    both = pd.DataFrame({"ours": ours, "theirs": theirs}).dropna().groupby("panel", sort=False).mean()
    return both["ours"] / both["theirs"]


def _geometric(ratios: pd.Series) -> tuple[float, ...]:
    return (float(np.exp(np.log(ratios).mean())),) if len(ratios) else ()


def _worst(ratios: pd.Series, must: Bounds, good: Bounds) -> tuple[Any, ...]:
    if not len(ratios):
        return (), must, good
    return (float(ratios.max()),), must, good, _name(ratios.idxmax())


def _range(found: pd.Series, must: Bounds, good: Bounds) -> tuple[Any, ...]:
    """Lowest and highest, and the panels outside of what must be."""
    if not len(found):
        return (), must, good
    outside = found[(found < must[0]) | (found > must[1])]
    return (float(found.min()), float(found.max())), must, good, ", ".join(f"{n} {v:.2f}" for n, v in outside.items())


def _name(key: Any) -> str:
    return " ".join(key) if isinstance(key, tuple) else str(key)


def _coherence() -> tuple[float, ...]:
    """How far the draws' mean is from the mean, at any level, relative to the series."""
    panel = generate("returns", length=48)
    hierarchy = make_hierarchy(panel, np.array([], dtype=object))
    outlook, draws = draw_ours(panel, YEAR, 200)
    paths = np.concatenate([block for _, block in draws.blocks()])
    mean = hierarchy.total(outlook.mean)
    scale = np.abs(mean).mean(axis=1, keepdims=True)
    return (float((np.abs(hierarchy.total(paths).mean(axis=2) - mean) / scale).max()),)


def _unit_error() -> tuple[float, ...]:
    """Largest relative change of a forecast when all sales are given in another unit."""
    found = 0.0
    for name in ("sparse", "returns"):
        panel = generate(name, length=48)
        hierarchy = make_hierarchy(panel, np.array([], dtype=object))
        plain = answer_ours(panel, YEAR, hierarchy, 100)
        for factor in (1e-4, 1e7):
            other = answer_ours(replace(panel, values=panel.values * factor), YEAR, hierarchy, 100)
            for a, b in ((plain.mean, other.mean), (plain.months, other.months), (plain.year, other.year)):
                if a.size:
                    scale = np.abs(a).mean(axis=tuple(range(1, a.ndim)), keepdims=True)
                    found = max(found, float((np.abs(b / factor - a) / scale).max()))
    return (found,)


# --- speed --------------------------------------------------------------------------------------------------------


def run_apart(size: int) -> dict[str, float]:
    """Time it in a process of its own, so that its peak memory is its own."""
    done = subprocess.run([sys.executable, __file__, "--speed", str(size)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr[-400:])
        return {}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def time_ours(size: int) -> dict[str, float]:
    """Seconds and peak memory of mean and full distribution of about `size` series of rep × product."""
    panel = generate("alike", 20, 5, 36) if size == 0 else generate("alike", max(size // 20, 1), 20, 60)
    began, worked = perf_counter(), process_time()
    forecast_whole(panel)
    return {
        "series": panel.values.shape[0] * panel.values.shape[1],
        "seconds": round(perf_counter() - began, 2),
        "cpu_seconds": round(process_time() - worked, 2),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }


def forecast_whole(panel: Panel, samples: int = 200) -> None:
    """Mean, and quantiles of cells, reps, regions and the company from joint paths, streamed by blocks of reps."""
    _, draws = draw_ours(panel, YEAR, samples)
    _, region = np.unique(panel.region.astype(str), return_inverse=True)
    kept = draws.summarise(0.8)
    regions = np.zeros((region.max() + 1, *kept.reps.shape[1:]))
    np.add.at(regions, region, kept.reps)
    for paths in (kept.reps, kept.products, regions, regions.sum(axis=0)):
        for sums in (paths, paths.sum(axis=-2)):
            np.quantile(sums, (0.1, 0.5, 0.9), axis=-1)


# --- printing -----------------------------------------------------------------------------------------------------


def show_panels(table: pd.DataFrame) -> None:
    """One block per panel and measure: a row per method, a column per level and their mean."""
    shown = {
        "wape": "WAPE of months", "year_wape": "WAPE of the sum", "scrps": "scaled CRPS x 10",
        "cover": "80 % interval, months", "cover_year": "80 % interval, year's sum",
        "cover_part": "80 % interval, sum", "cover_all": "80 % interval, months, all series",
        "cover_year_all": "80 % interval, year's sum, all series", "mase": "MASE", "rmsse": "RMSSE",
    }  # fmt: skip
    for panel in dict.fromkeys(table.index.get_level_values("panel")):
        part = table.loc[panel]
        levels = [level for level in LEVELS if level in part.index.get_level_values("level")]
        methods = list(dict.fromkeys(part.index.get_level_values("method")))
        for column, title in shown.items():
            wide = part[column].reset_index().pivot_table(index="method", columns="level", values=column)
            if wide.empty:
                continue
            wide = wide.reindex(index=[m for m in methods if m in wide.index], columns=levels)
            wide["mean"] = wide.mean(axis=1)
            print(f"\n{panel}: {title}\n{(wide * (10 if column == 'scrps' else 1)).to_string(float_format='%.3f')}")


def show_targets(rows: Sequence[Target]) -> None:
    """The table of targets."""
    bound: Callable[[Bounds], str] = lambda b: (  # noqa: E731
        "" if b == NO_TARGET else f"{b[0]:g}-{b[1]:g}" if b[0] else f"<= {b[1]:g}"
    )
    print(f"\n{'target':<48} {'found':>16} {'must':>10} {'good':>10}  verdict")
    for row in rows:
        found = " .. ".join(f"{v:.3g}" for v in row.values) or "-"
        print(
            f"{row.name:<48} {found:>16} {bound(row.must):>10} {bound(row.good):>10}  {row.verdict()}"
            + (f"  ({row.worst})" if row.worst else "")
        )


def as_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The measures by panel, method and level, for JSON."""
    plain = table.round(4).reset_index().astype(object)
    return list(plain.where(plain.notna(), None).to_dict("records"))


if __name__ == "__main__":
    main()
