"""The back-test in words: it says so when the forecast loses."""

from __future__ import annotations

import pandas as pd
import pytest

from quotaopt import columns as c
from quotaopt.report.backtest import backtest_report, words
from quotaopt.report.render import Page

NAN = float("nan")


def table(mine: list[float], theirs: list[float], coverage: float = 0.8) -> pd.DataFrame:
    """One level, two methods and their errors at each origin."""
    rows = []
    for method, errors in (("auto", mine), ("last_year_sum", theirs), ("seasonal_naive", theirs)):
        single = [(f"2024-{k + 1:02}", error) for k, error in enumerate(errors)]
        for origin, error in (*single, ("all", sum(errors) / max(len(errors), 1))):
            row = {"origin": origin, "level": "rep", "method": method, "wape_month": error, "wape_sum": error}
            row |= {"bias": 0.01, "mase": 1.0, "crps_month": NAN, "crps_sum": NAN, "chosen": method == "auto"}
            rows.append(row | {"coverage_month": coverage, "coverage_sum": coverage})
    return pd.DataFrame(rows).reindex(columns=[column.name for column in c.BACKTEST])


@pytest.mark.parametrize(
    ("mine", "said"),
    [
        ([0.1, 0.1, 0.3, 0.1], "beats last year's sum in 3 of 4 origins (15.0 % against 20.0 %)."),
        ([0.3, 0.3, 0.1, 0.3], "loses to last year's sum in 3 of 4 origins (25.0 % against 20.0 %)."),
        ([0.19, 0.19, 0.9], "beats last year's sum in 2 of 3 origins, yet not over all (42.7 % against 20.0 %)."),
        ([0.21, 0.21, 0.0], "loses to last year's sum in 2 of 3 origins, yet not over all (14.0 % against 20.0 %)."),
        ([0.2] * 4, "is no better than last year's sum, better in 0 of 4 origins (20.0 % against 20.0 %)."),
        ([0.1, 0.3], "is no better than last year's sum, better in 1 of 2 origins (20.0 % against 20.0 %)."),
    ],
)
def test_who_wins(mine: list[float], said: str) -> None:
    assert next(words(table(mine, [0.2] * len(mine)), 0.8)) == f"Whole plan: auto {said}"


@pytest.mark.parametrize(
    ("coverage", "verdict"), [(0.82, "about right"), (0.5, "too narrow"), (0.99, "too wide"), (NAN, "")]
)
def test_whether_ranges_held(coverage: float, verdict: str) -> None:
    said = [*words(table([0.1], [0.2], coverage), 0.8)]
    assert len(said) == (3 if verdict else 2)
    assert not verdict or said[-1].endswith(f"of the time: {verdict}.")


def test_one_company_is_too_few_to_judge_ranges() -> None:
    assert [*words(table([0.1], [0.2]).assign(level="all"), 0.8)][-1].endswith(" of the time: too few to judge.")


def test_the_page() -> None:
    assert (
        Page(120).render(backtest_report(table([0.1, 0.3], [0.2, 0.2]), 0.8))
        == """\
Back-test of auto, forecast from 2 origins: 2024-01, 2024-02
level  method           month    plan    bias  MASE  CRPS month  plan  in 80 % month    plan
rep    auto *          20.0 %  20.0 %  +1.0 %  1.00                           80.0 %  80.0 %
       last_year_sum   20.0 %  20.0 %  +1.0 %  1.00                           80.0 %  80.0 %
       seasonal_naive  20.0 %  20.0 %  +1.0 %  1.00                           80.0 %  80.0 %
month, plan: absolute error of months, of the sum over the plan / sales; * used

error of the plan's sum (last year's sum)          2024-01          2024-02
rep                                        10.0 % (20.0 %)  30.0 % (20.0 %)

rep Whole plan: auto is no better than last year's sum, better in 1 of 2 origins (20.0 % against 20.0 %).
    Months: auto is no better than last year's months, better in 1 of 2 origins (20.0 % against 20.0 %).
    Its 80 % ranges of the sum held 80.0 % of the time: about right."""
    )


def test_too_short_a_history_is_said() -> None:
    (text,) = backtest_report(table([], []).iloc[:0], 0.8)
    assert "too short" in str(text)
