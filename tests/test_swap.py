"""Who could take a part of a quota: sums tie, rules hold, nobody falls behind the rep in dispute."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quotaopt.case import Case, open_run
from quotaopt.run import run_scenario
from quotaopt.scenario import load_scenario
from quotaopt.why.swap import who_takes

Call = Callable[..., tuple[int, str, str]]


def noisy(project: Path) -> None:
    """Six reps in two regions whose sales differ from year to year, so that they have chances."""
    rng, data = np.random.default_rng(5), project / "scenarios/data"
    months = [f"{year}-{m:02}" for year in (2024, 2025, 2026) for m in range(1, 13)]
    lines = [f"R{k},core,{m},{1000 * k * rng.lognormal(0, 0.1 * k):.0f}" for k in range(1, 7) for m in months]
    (data / "history.csv").write_text("\n".join(["rep_id,product_id,month,amount", *lines]) + "\n")
    roster = [f"R{k},Rep {k},{'North' if k % 2 else 'South'}" for k in range(1, 7)]
    (data / "roster.csv").write_text("\n".join(["rep_id,rep_name,region", *roster]) + "\n")


def planned(project: Path, *sets: str) -> Case:
    noisy(project)
    return open_run(run_scenario(load_scenario("base", project, ("target=270000", *sets))), project)


@pytest.mark.parametrize("sets", [(), ('goals=["equal_chance"]',), ("by_region={ North=120000, South=150000 }",)])
def test_sums_tie_rules_hold_and_nobody_falls_behind(project: Path, sets: tuple[str, ...]) -> None:
    opened = planned(project, *sets)
    quota = dict(zip(opened.problem.index.reps.index, opened.totals.tolist(), strict=True))
    region = opened.problem.index.reps["region"].to_dict()
    for rep, own in quota.items():
        swap = who_takes(opened, rep, 0.1)
        table = swap.takers
        assert table["takes"].sum() == swap.taken
        assert swap.taken <= swap.wanted == round(0.1 * own)
        assert (table["comes_to"] <= 1.5 * 270_000).all()
        assert (table["takes"] > 0).all()
        assert (table["chance_after"] >= swap.chance - 1e-6).all()
        assert (table["chance_after"] < table["chance"]).all()
        assert swap.chance_after >= swap.chance
        less = who_takes(opened, rep, 0.01)
        assert less.taken == min(round(0.01 * own), swap.taken)
        if "by_region" in "".join(sets):
            assert {region[taker] for taker in table["rep_id"]} <= {region[rep]}
    if not sets:  # with one total to keep all who take are filled up to the disputed chance, but the dearest
        swap = who_takes(opened, "R5", 0.2)
        assert len(swap.takers) > 1
        assert (swap.takers["chance_after"] - swap.chance > 1e-3).sum() <= 1
    best = max(quota, key=lambda rep: who_takes(opened, rep, 0.05).chance)
    assert who_takes(opened, best, 0.05).taken <= 1  # whoever has the best chance has nobody to turn to


def test_swap_prints(project: Path, call: Call) -> None:
    run = planned(project).run.id
    code, out, err = call("explain", run, "--rep", "R2", "--swap", "0.05", "-C", project)
    assert (code, err) == (0, "")
    assert out == PRINTED
    assert (
        "可由另外 2 人承接" in call("explain", run, "--rep", "R2", "--swap", "0.05", "--lang", "zh", "-C", project)[1]
    )
    content = json.loads(call("explain", run, "--rep", "R2", "--swap", "0.05", "--format", "json", "-C", project)[1])
    assert content["rep"]["taken"] == sum(row["takes"] for row in content["rows"])
    assert call("explain", run, "--swap", "0.05", "-C", project)[0] == 2
    assert call("explain", run, "--rep", "R5", "--swap", "0", "-C", project)[0] == 2


PRINTED = """\
Rep 2  R2
1,072 of 21,440 EUR (5.0 %) could go to 2 others; the chance to make it: 71.0 % → 77.8 %

who    region   quota   takes          comes to           chance
Rep 6  South   95,711  +1,048  +1.1 %    96,759  72.7 % → 71.0 %
Rep 5  North   59,251     +24  +0.0 %    59,275  82.3 % → 82.2 %

· Every rule holds, nobody else moves, and nobody who takes more is left with a lower chance than
  this rep now.
· To do it, write these quotas into data.overrides and run again.
"""


def test_where_nothing_is_uncertain_levels_decide(project: Path, call: Call) -> None:
    """Sales that never change have no chances: then nobody is asked beyond the level of the rep in dispute."""
    assert call("run", "base", "-q", "-C", project)[0] == 0
    code, out, _ = call("explain", "last", "--rep", "R1", "--swap", "0.05", "-C", project)
    assert code == 0
    assert out == (
        "Ana  R1\nNobody could take any of it: everybody else has a lower chance already, or a rule forbids it.\n"
    )
