"""Planning again with other sales: the ratchet, and what quotas hang on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from quotaopt.archive import find_run
from quotaopt.sensitivity.jackknife import NOISE, blur, without, without_month
from quotaopt.sensitivity.ratchet import sell_more
from quotaopt.sensitivity.replan import open_replan, recent

Call = Callable[..., tuple[int, str, str]]


def sales(key: int = 0) -> pd.DataFrame:
    """Three years of two reps and two products."""
    rng = np.random.default_rng(key)
    rows = [
        (rep, product, f"{year}-{month:02}")
        for rep in ("A", "B") for product in ("x", "y") for year in (2024, 2025, 2026) for month in range(1, 13)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["rep_id", "product_id", "month"])
    return frame.assign(amount=rng.uniform(1, 9, len(frame)).round(2))


# --- changes of the past ------------------------------------------------------------------------------------------


def test_a_month_of_the_usual_season_and_growth_changes_nothing() -> None:
    season = np.arange(1.0, 13)
    history = sales().assign(amount=[s * 1.2 ** (int(m[:4]) - 2024) for m, s in
                                     zip(sales()["month"], np.tile(season, 12), strict=True)])  # fmt: skip
    for month in ("2026-01", "2026-12"):
        assert without_month(history, month) == pytest.approx(history["amount"])


@seed(1)
@settings(max_examples=20)
@given(st.integers(0, 99), st.integers(1, 12))
def test_a_month_left_out_is_that_of_the_year_before_times_growth(key: int, number: int) -> None:
    history, month = sales(key), f"2026-{number:02}"
    made = history.assign(amount=without_month(history, month))
    same = (made["month"] != month).to_numpy()
    assert (made["amount"][same] == history["amount"][same]).all()
    by = history.pivot_table(index="rep_id", columns="month", values="amount", aggfunc="sum")
    rest = [f"-{m:02}" for m in range(1, 13) if m != number]
    growth = by[["2026" + m for m in rest]].sum(axis=1) / by[["2025" + m for m in rest]].sum(axis=1)
    found = made[~same].groupby("rep_id")["amount"].sum()
    assert found.to_numpy() == pytest.approx((by[f"2025-{number:02}"] * growth).to_numpy())


def test_without_a_year_before_a_month_is_like_the_others() -> None:
    history = sales()[lambda frame: frame["month"] > "2026"].reset_index(drop=True)
    made = history.assign(amount=without_month(history, "2026-03"))
    sums = made.pivot_table(index="rep_id", columns="month", values="amount", aggfunc="sum")
    others = sums.drop(columns="2026-03").mean(axis=1)
    assert sums["2026-03"].to_numpy() == pytest.approx(others.to_numpy())


def test_what_is_left_out_and_what_is_raised() -> None:
    history = sales()
    gone = without(history, rep_id="A", product_id="x")
    assert (gone == 0).sum() == 36
    more = sell_more(history, "A", "x") / history["amount"]
    assert (more > 1).sum() == 12
    assert set(history["month"][more > 1]) == set(history["month"][recent(history)])
    noise = blur(history, 1) / history["amount"]
    assert sorted(set(noise.round(9))) == [1 - NOISE, 1 + NOISE]
    assert (blur(history, 1) == blur(history, 1)).all()


# --- plans --------------------------------------------------------------------------------------------------------


def test_the_ratchet_of_a_split_in_proportion(project: Path, call: Call) -> None:
    """The target stays, so that of 1 more of potential a rep keeps 1 - the own share of it; of any product alike."""
    assert call("run", "base", "-q", "-C", project)[0] == 0
    code, out, _ = call("measures", "last", "--ratchet", "--products", "-C", project, "--format", "csv")
    assert code == 0
    found = {line.split(",")[1]: float(line.split(",")[2]) for line in out.splitlines() if ",ratchet " in line}
    share = {"R4": 0.6, "R3": 0.7, "R2": 0.8, "R1": 0.9}
    reps = {name: value for name, value in found.items() if name.count(" ") == 1}
    assert reps == pytest.approx({f"ratchet {rep}": rho for rep, rho in share.items()}, abs=0.01)
    assert len(found) == 12
    for name, value in found.items():
        assert value == pytest.approx(share[name.split()[1]], abs=0.05)
    few = call("measures", "last", "--ratchet", "--reps", "2", "-C", project)[1]
    assert "of the 2 largest of 4 reps: R3" in few
    assert "ratchet R2" not in few
    assert "ratchet_products" not in few
    assert call("measures", "last", "--products", "-C", project)[0] == 2


def test_what_quotas_hang_on(project: Path, call: Call) -> None:
    """A steady season: months and products change nothing, one sale what it weighs, noise no more than itself."""
    assert call("run", "base", "-q", "-C", project)[0] == 0
    code, out, _ = call("measures", "last", "--jackknife", "-C", project)
    assert code == 0
    lines = {line.split("  ")[0]: " ".join(line.split()) for line in out.splitlines()}
    assert lines["reps_hanging"].startswith("reps_hanging 2 reps")  # the two smallest
    fall = 11_250 / 119_250 * 120_000
    assert lines["jackknife R1"] == (
        f"jackknife R1 12,000 {fall:,.0f} to 12,308 quota, and between what it would be; "
        f"without R1 core 2026-01 {100 * (fall / 12_000 - 1):.1f} %"
    )
    assert float(lines["noise_max"].split()[1]) < NOISE
    assert lines["noise_max"].split()[2] == "most"  # four reps: no verdict


def test_how_many_at_a_time_changes_nothing(project: Path, call: Call) -> None:
    assert call("run", "base", "-q", "-C", project)[0] == 0
    plan = open_replan(find_run(project, "last"), project)
    changes = {f"{seed}": partial(blur, seed=seed) for seed in range(2)}
    assert plan.quotas(changes, jobs=2).equals(plan.quotas(changes))


def test_a_run_without_a_plan_cannot_be_changed(project: Path, call: Call) -> None:
    call("run", "impossible", "-q", "-C", project)
    code, out, err = call("measures", "last", "--jackknife", "-C", project)
    assert (code, out) == (3, "")
    assert "has no plan to change: its status is infeasible" in err
