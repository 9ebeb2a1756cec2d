"""A frozen plan with a closed list of triggers: what is refused, in which words, and what goes through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quotaopt.archive import find_run
from quotaopt.errors import InputError
from quotaopt.frozen import find_plan
from quotaopt.frozen.triggers import check_trigger
from quotaopt.simulate import load_future

Call = Callable[..., tuple[int, str, str]]
RECORD = {"triggers": ["account moved", "leave"], "half_band": {"A": 0.1, "B": 0.2, "C": 0.1}}


def quotas(*values: float) -> pd.Series[float]:
    return pd.Series(values, list("ABC"))


def test_small_losses_are_named_and_gains_are_not() -> None:
    old = quotas(100, 100, 100)
    check_trigger(RECORD, "leave", old, quotas(89, 79, 132))
    check_trigger(RECORD, "leave", old, quotas(101, 100, 99.99 + 0.01))
    with pytest.raises(InputError) as caught:
        check_trigger(RECORD, "leave", old, quotas(95, 81, 124))
    band, luck = (
        "within half of its group's 80 % band of attainment",
        "So much comes and goes by luck: leave this quota",
    )
    assert [str(finding) for finding in caught.value.findings] == [
        f"A: loses 5.0 %, {band} (10.0 %). {luck} as it is.", f"B: loses 19.0 %, {band} (20.0 %). {luck} as it is.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("record", "trigger", "said"),
    [
        (RECORD, "", "They are: account moved, leave."),
        (RECORD, "acount moved", "Did you mean 'account moved'?"),
        ({}, "leave", "this plan was frozen without a list of triggers (got 'leave'). Leave it out."),
    ],
)
def test_only_what_is_on_the_list(record: dict[str, object], trigger: str, said: str) -> None:
    with pytest.raises(InputError, match="--trigger: this plan") as caught:
        check_trigger(record, trigger, quotas(1, 1, 1), quotas(1, 1, 0))
    assert said in str(caught.value)


def test_from_freeze_to_ledger(project: Path, call: Call) -> None:
    rng = np.random.default_rng(5)
    lines = [
        f"R{k},core,{2024 + y}-{m:02},{1000 * k * rng.lognormal(0, 0.3):.0f}"
        for k in range(1, 5) for y in range(3) for m in range(1, 13)
    ]  # fmt: skip
    history = project / "scenarios/data/history.csv"
    history.write_text("\n".join(["rep_id,product_id,month,amount", *lines]) + "\n")
    assert call("run", "base", "-q", "-C", project, "--set", 'policy.triggers=["leave","account moved"]')[0] == 0
    assert call("freeze", "last", "--as", "2027", "-C", project)[0] == 0
    future = load_future(find_run(project, "last"), project)
    attainment = future.sales / future.quota[:, None]
    half = np.median(np.quantile(attainment, 0.9, axis=1) - np.quantile(attainment, 0.1, axis=1)) / 2
    record = find_plan(project, "2027").record
    assert record["half_band"] == pytest.approx(dict.fromkeys(("R1", "R2", "R3", "R4"), half), abs=1e-6)
    later = find_plan(project, "2027").plan[lambda plan: plan["month"] >= "2027-07"].groupby("rep_id")["quota"].sum()
    changes, how = project / "changes.csv", ("--effective", "2027-07", "--changes", project / "changes.csv")
    for part, code in ((half / 2, 1), (min(1.5 * half, 0.9), 0)):
        moved = round(float(later["R4"]) * part)
        changes.write_text(f"rep_id,value\nR4,{later['R4'] - moved}\nR1,{later['R1'] + moved}\n")
        asked = ("revise", "2027", *how, "--trigger", "leave", "--why", "Dee", "-C", project)
        done, _, err = call(*asked)
        assert done == code, err
    assert set(find_plan(project, "2027").ledger["reason"]) == {"leave: Dee"}
    assert call("revise", "2027", *how, "--why", "x", "-C", project)[0] == 1
    assert call("verify", "2027", "-C", project)[0] == 0
