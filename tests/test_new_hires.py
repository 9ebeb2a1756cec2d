"""New hires: what they borrow from their peers, and how near that comes on mature reps masked to their last months."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from quotaopt.capacity import make_capacity
from quotaopt.forecast import Panel, forecasters, make_forecast
from quotaopt.forecast.methods import season_level
from quotaopt.forecast.peers import find_peers
from quotaopt.forecast.pool.season import season_factors

from .test_forecast import few, make_inputs, make_settings

Floats = NDArray[np.float64]
DATA = Path(__file__).parents[2] / "shared" / "data" / "tourism" / "tidy"
PLAN = 12


def draw_reps(seed: int, reps: int, products: int = 4, length: int = 48, spread: float = 0.15) -> Floats:
    """Reps who differ by `spread`, products with a season each, a split of its own for each rep, 4 % growth a year."""
    rng = np.random.default_rng(seed)
    t = np.arange(length)
    season = 1 + 0.3 * np.sin(2 * np.pi * (t / 12 + rng.random((1, products, 1))))
    split = rng.dirichlet(np.full(products, 3.0), reps)[:, :, None]
    level = 1e5 * rng.lognormal(0, spread, (reps, 1, 1)) * 1.04 ** (t / 12)
    return np.asarray(level * split * season * rng.gamma(4, 1 / 4, (reps, products, length)))


def make_panel(values: Floats, region: Any = None) -> Panel:
    n, products = values.shape[:2]
    names = tuple(f"R{i:03}" for i in range(n)), tuple(f"P{i}" for i in range(products))
    empty = np.full(n, "", dtype=object)
    return Panel(*names, 2022 * 12, values, empty if region is None else np.asarray(region, dtype=object), empty)


def load_tourism(months: int) -> tuple[Floats, NDArray[np.object_]]:
    """The last months of 76 regions × 4 purposes of travel, and the state of each region."""
    history = pd.read_csv(DATA / "history.csv")
    table = history.pivot_table("amount", ["rep", "product"], "date", aggfunc="sum", fill_value=0.0)
    region = pd.read_csv(DATA / "reps.csv").sort_values("rep")["region"].to_numpy(object)
    return table.to_numpy(np.float64).reshape(76, 4, -1)[:, :, -months:], region


def forecast_masked(panel: Panel, masked: NDArray[np.int64], known: int, horizon: int = PLAN) -> Floats:
    """Year of the reps masked to their last `known` months."""
    values = panel.values.copy()
    values[masked, :, : panel.length - known] = np.nan
    short = Panel(panel.reps, panel.products, panel.first, values, panel.region, panel.role)
    mean = np.zeros((*values.shape[:2], horizon))
    mean[short.mature] = forecasters["pooled_season"](short.of(short.mature), horizon)
    return np.asarray(find_peers(short).blend(short, mean)[masked].sum(axis=(1, 2)))


def measure_miss(panel: Panel, known: int, share: float = 0.15) -> tuple[float, float]:
    """Error of the masked reps' year by the blend, and by their flat own months, over their sales."""
    missed, flat, sold = 0.0, 0.0, 0.0
    for seed in range(6):
        origin = panel.length - PLAN
        rng = np.random.default_rng(seed)
        masked = rng.permutation(len(panel.reps))[: max(round(share * len(panel.reps)), 2)]
        past, year = panel.until(origin), panel.values[masked, :, origin:].sum(axis=(1, 2))
        missed += float(np.abs(forecast_masked(past, masked, known) - year).sum())
        months = past.values[masked, :, origin - known : origin].sum(axis=(1, 2))
        flat += float(np.abs(months * PLAN / max(known, 1) - year).sum())
        sold += float(year.sum())
    return missed / sold, flat / sold


@pytest.mark.parametrize(("known", "most"), [(0, 0.20), (1, 0.17), (3, 0.14), (6, 0.12), (11, 0.11)])
def test_where_reps_are_alike_peers_beat_a_few_months_of_ones_own(known: int, most: float) -> None:
    misses = np.array([measure_miss(make_panel(draw_reps(seed, 20)), known) for seed in range(3)]).mean(axis=0)
    assert misses[0] <= most
    assert misses[0] <= misses[1] * 1.02


@pytest.mark.parametrize(("known", "most"), [(1, 0.36), (3, 0.24), (6, 0.20), (11, 0.16)])
@pytest.mark.skipif(not DATA.exists(), reason="the example data is not here")
def test_where_units_differ_a_hundredfold_peers_do_no_harm(known: int, most: float) -> None:
    sales, region = load_tourism(72)
    missed, flat = measure_miss(make_panel(sales, region), known)
    assert missed <= most
    assert missed <= flat * 1.1


def test_a_sale_hardly_in_season_does_not_multiply_a_new_hire() -> None:
    """One product sells in the tenth month of the year; somebody who came in the twelfth had an order for it."""
    sales = 1000 * np.random.default_rng(2).lognormal(0, 0.5, (15, 3, 36))
    sales[:, 2, np.arange(36) % 12 != 9] *= 0.01
    sales[-1] = np.nan
    sales[-1, :, -1] = 4000.0
    panel = make_panel(sales)
    factors = season_factors(panel)
    assert factors[-1, 2, 11] < 0.2
    assert (season_level(panel, factors)[-1] <= 8000).all()
    month = season_level(make_panel(sales[:-1]), factors[:-1])
    assert month == pytest.approx(sales[:-1, :, -12:].mean(axis=2))


def test_peers_are_used_only_where_masked_reps_say_so() -> None:
    """Of reps of every size the own months say more than the mean; noisy reps of one size say little."""
    rng = np.random.default_rng(0)
    unlike = 1000 * rng.lognormal(0, 2, (20, 1, 1)) * rng.gamma(10, 1 / 10, (20, 2, 36))
    noisy = 1000 * rng.gamma(1, 1, (20, 2, 36))
    for sales, helpful in ((unlike, False), (noisy, True)):
        sales[-1, :, :-2] = np.nan
        peers = find_peers(make_panel(sales))
        assert peers.helpful is helpful
        assert (peers.own_weight[-1] == 1) is not helpful
    assert find_peers(make_panel(noisy[:, :, -20:])).helpful  # too short to try: the variances decide


@few
@given(st.integers(0, 10**6))
def test_the_split_by_product_follows_the_own_one_as_months_are_known(seed: int) -> None:
    sales = draw_reps(seed, 8)
    weights = []
    for known in range(13):
        short = sales.copy()
        short[-1, :, : sales.shape[2] - known] = np.nan
        weights.append(find_peers(make_panel(short)).mix_weight[-1])
    assert weights[0] == 0
    assert weights[12] == 1
    assert (np.diff(weights) > 0).all()
    assert weights[11] >= 0.68


def test_the_split_learns_faster_than_the_total_where_reps_sell_alike_but_different_things() -> None:
    sales = draw_reps(1, 20, spread=0.05)
    sales[-1, :, :-3] = np.nan
    peers = find_peers(make_panel(sales))
    assert peers.own_weight[-1] < peers.mix_weight[-1]
    mean = np.zeros((20, 4, PLAN))
    mean[:-1] = forecasters["pooled_season"](make_panel(sales[:-1]), PLAN)
    ahead = peers.blend(make_panel(sales), mean)[-1].sum(axis=1)
    theirs, own = mean[:-1].mean(axis=0).sum(axis=1), np.nansum(sales[-1], axis=1)
    share, their_share, own_share = (x / x.sum() for x in (ahead, theirs, own))
    assert np.abs(share - own_share).sum() < 0.7 * np.abs(their_share - own_share).sum()


def test_a_product_the_peers_do_not_sell_is_not_lost() -> None:
    sales = draw_reps(2, 10)
    sales[:-1, 0] = 0.0
    sales[-1, :, :-6] = np.nan
    result = make_forecast(make_inputs(sales), make_settings(sales, "pooled_season"))
    assert result.mean[-1, 0].sum() > 0.5 * result.mean[-1].sum() * np.nansum(sales[-1, 0]) / np.nansum(sales[-1])


def test_a_new_hire_among_new_hires_only_goes_by_the_own_months() -> None:
    sales = np.full((3, 2, 24), np.nan)
    sales[:, :, -4:] = 100.0 * np.arange(1, 4)[:, None, None]
    result = make_forecast(make_inputs(sales), make_settings(sales, "trailing_mean"))
    assert result.mean[:, 0, 0] == pytest.approx([100, 200, 300])


# ------------------------------------------------------------------ ramp

RAMP = [1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1.0]


@pytest.mark.parametrize("known", [0, 3, 6, 9])
def test_first_year_capacity_of_ramping_reps_is_within_a_tenth(known: int) -> None:
    """Six of thirty reps start `known` months before the plan, and ramp as the scenario says."""
    ratios = []
    for seed in range(4):
        sales = draw_reps(seed, 30, length=36 + PLAN)
        start = 36 - known
        ramp = np.array([*RAMP, *[1.0] * (36 + PLAN)])
        sales[:6, :, :start] = np.nan
        sales[:6, :, start:] *= ramp[: 36 + PLAN - start]
        truth = sales[:6, :, 36:].sum()
        dates = [str(pd.Period("2024-01", "M") + start)] * 6 + ["2020-01"] * 24
        inputs = make_inputs(sales[:, :, :36], start_date=[f"{d}-01" for d in dates])
        chosen = make_settings(36, "pooled_season", ramp={"profile": RAMP})
        capacity = make_capacity(make_forecast(inputs, chosen), inputs, chosen)
        ratios.append(capacity.values[:6].sum() / truth)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.1)
    assert np.abs(np.array(ratios) - 1).max() < 0.2


@pytest.mark.parametrize(("declared", "said"), [(None, True), (RAMP, False)])
def test_a_ramp_the_history_does_not_show_is_said(declared: list[float] | None, said: bool) -> None:
    sales = draw_reps(0, 30, length=36)
    starts = [9, 10, 11, 12, 13, 14, 15, 16]
    for rep, start in enumerate(starts):
        sales[rep, :, :start] = np.nan
        sales[rep, :, start : start + 6] *= RAMP
    dates = [f"{pd.Period('2024-01', 'M') + s}-01" for s in starts] + ["2020-01-01"] * 22
    chosen = make_settings(36, "pooled_season", **({"ramp": {"profile": declared}} if declared else {}))
    notes = make_forecast(make_inputs(sales, start_date=dates), chosen).notes
    found = [n for n in notes if n.code == "ramp"]
    assert bool(found) is said
    if said:
        assert found[0].what.startswith("8 new reps sold 0.1")
        profile = [float(x) for x in found[0].remedy.split("[")[1].split("]")[0].split(",")]
        assert profile == pytest.approx([*RAMP, *[1.0] * 6], abs=0.2)
