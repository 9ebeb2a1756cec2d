"""Policies that contradict each other: the numbers that would make them agree do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from quotaopt.promise import check_promise, floor, needed_coverage

Call = Callable[..., tuple[int, str, str]]


def make_sales(key: int, cv: float, reps: int = 20, draws: int = 500) -> np.ndarray:
    rng = np.random.default_rng(key)
    s = np.sqrt(np.log1p(cv * cv))
    return rng.lognormal(10, 0.5, reps)[:, None] * rng.lognormal(-s * s / 2, s, (reps, draws))


@pytest.mark.parametrize(
    ("cv", "over", "share", "normal", "lognormal"),
    [
        (0.15, 0.0, 0.5, 1.00, 1.01), (0.15, 0.1, 0.7, 1.19, 1.20), (0.30, 0.1, 0.6, 1.19, 1.24),
        (0.30, 0.2, 0.7, 1.42, 1.46), (0.50, 0.1, 0.5, 1.10, 1.23), (0.50, 0.1, 0.7, 1.49, 1.58),
    ],
)  # fmt: skip
def test_the_closed_forms_are_those_of_the_table(
    cv: float, over: float, share: float, normal: float, lognormal: float
) -> None:
    assert round(needed_coverage(cv, over, share, "normal"), 2) == normal
    assert round(needed_coverage(cv, over, share), 2) == lognormal


def test_no_capacity_is_enough_for_a_normal_share_beyond_the_mean() -> None:
    assert needed_coverage(2.0, 0.0, 0.9, "normal") == float("inf")


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_many_lognormal_draws_need_what_the_closed_form_says(share: float) -> None:
    sales = make_sales(1, 0.3, reps=40, draws=4000)
    assert check_promise(sales, 1.0, 0.1, share).needed == pytest.approx(needed_coverage(0.3, 0.1, share), rel=0.01)


@seed(4)
@given(st.integers(0, 999), st.floats(0.05, 0.8), st.floats(0.5, 2), st.floats(0, 0.4), st.floats(0.05, 0.95))
def test_each_number_alone_ends_the_contradiction(key: int, cv: float, cover: float, over: float, share: float) -> None:
    sales = make_sales(key, cv, 8, 60)
    target = sales.mean(axis=1).sum() / cover
    found = check_promise(sales, target, over, share)
    quota = (1 + over) * target / sales.mean(axis=1).sum() * sales.mean(axis=1)
    assert found.share == pytest.approx((sales >= quota[:, None] * (1 - 1e-9)).mean())
    assert found.kept == (found.share >= share - 1e-9)
    assert check_promise(sales, target, found.over, share).kept
    assert check_promise(sales, target * found.coverage / found.needed, over, share).kept
    if found.share > 0:
        assert check_promise(sales, target, over, min(floor(found.share, 2), 0.99)).kept


def test_money_may_be_in_any_unit() -> None:
    sales = make_sales(2, 0.4)
    one, other = (check_promise(sales * k, 2e5 * k, 0.05, 0.6) for k in (1, 1e-4))
    assert (one.needed, one.over, one.share) == pytest.approx((other.needed, other.over, other.share))


def test_nobody_expects_anything() -> None:
    assert not check_promise(np.zeros((3, 10)), 100.0, 0.0, 0.5).kept


# --- the commands -------------------------------------------------------------------------------------------------


def five_reps(project: Path) -> None:
    """Five reps whose sales went up and down by a third in the last year, in a project of their own."""
    data = project / "scenarios/data"
    (data / "roster.csv").write_text("rep_id,region\n" + "".join(f"R{k},North\n" for k in range(1, 6)))
    change = dict(zip(range(1, 6), (0.5, 0.8, 1.0, 1.25, 2.0), strict=True))
    lines = [
        f"R{k},core,{2025 + y}-{m:02},{1000 * (by if y else 1):g}"
        for k, by in change.items() for y in (0, 1) for m in range(1, 13)
    ]  # fmt: skip
    (data / "history.csv").write_text("\n".join(["rep_id,product_id,month,amount", *lines]) + "\n")


def test_check_says_it_before_any_forecast(project: Path, call: Call) -> None:
    five_reps(project)
    options = ("base", "-C", project, "--set", "target=66600", "--set", "overassignment=0.1")
    assert "contradict" not in call("check", *options)[1]
    code, out, _ = call("check", *options, "--set", "policy.at_quota=0.6")
    assert code == 0
    assert out == (
        "Warnings\n  --set  policy.at_quota: policies contradict each other: 60 % of reps are meant to make quota, but "
        "with 10.0 % overassignment 32 % will, by last year's sales; they agree with policy.at_quota of 0.32 at most, "
        "or a target of 52,779 at most, or expected sales of 1.27 × target instead of 1.00.\n"
        "No problems, 1 warning.\n"
    )
    assert "contradict" not in call("check", *options, "--set", "policy.at_quota=0.2")[1]


def test_run_says_it_by_the_forecast(project: Path, call: Call) -> None:
    code, out, _ = call("run", "stretch", "-C", project, "--set", "policy.at_quota=0.6")
    assert code == 0
    assert (
        " ".join(out.split())
        .partition("Note ")[2]
        .startswith(
            "policies contradict each other: 60 % of reps are meant to make quota, but with 0.0 % overassignment "
            "0 % will, by the forecast; they agree with a target of 120,000 at most, or expected "
            "sales of 1.00 × target instead of 0.83"
        )
    )
    measured = call("measures", "last", "-C", project, "--format", "csv")[1]
    assert ",coverage_needed,1.0," in measured


def test_a_share_beyond_one_is_refused(project: Path, call: Call) -> None:
    code, out, err = call("check", "base", "-C", project, "--set", "policy.at_quota=60")
    assert code == 1
    assert (out, err) == (
        "--set  policy.at_quota: must be less than 1 (got '60').\n1 problem, 0 warnings. Nothing was run.\n",
        "",
    )
