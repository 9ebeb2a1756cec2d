"""The workbook as a Chinese planner keeps it gives the plan of its clean English twin, to the cent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from .books import write_book
from .conftest import SALES

SHARES = {"cloud": 0.25, "core": 0.75}
NAMES = {"R1": "Ana", "R2": "Bob", "R3": "张伟", "R4": "Dee"}
REGIONS = {"R1": "North", "R2": "North", "R3": "South", "R4": "South"}
Cells = list[list[object]]


def roster() -> Cells:
    people = [[rep, NAMES[rep], REGIONS[rep], "2020/1/1"] for rep in SALES]
    return [["工号", "姓名", "大区", "入职日期"], *people, ["合计", "", "", ""]]


def by_month() -> Cells:
    """All 24 months beside each other, with totals of years, a title, and 万元 in the title."""
    heads = [[f"{year}年{month}月" for month in range(1, 13)] + [f"{year}年合计"] for year in (2025, 2026)]
    body: Cells = []
    for rep, sales in SALES.items():
        for product, share in SHARES.items():
            amount = sales * share / 10_000
            body.append([rep, product, *[*[amount] * 12, amount * 12] * 2])
        body.append(["小计", "", *[*[sales / 10_000] * 12, sales * 12 / 10_000] * 2])
    return [["销售额明细 单位:万元"], ["工号", "产品", *heads[0], *heads[1]], *body]


def by_year() -> Cells:
    """A block of twelve months for each year, the unit in the headers."""
    body: Cells = []
    for year in (2025, 2026):
        for rep, sales in SALES.items():
            for product, share in SHARES.items():
                amount = sales * share / 10_000
                body.append([f"{year}年", rep, product, *[amount] * 12, amount * 12])
    return [["年份", "业务员工号", "产品线", *(f"{month}月(万元)" for month in range(1, 13)), "全年合计(万元)"], *body]


def write_csv(path: Path, cells: Cells) -> None:
    text = "\n".join(",".join(map(str, row)) for row in cells)
    path.write_bytes(text.encode("gbk"))


@pytest.mark.parametrize("history", [by_month, by_year])
@pytest.mark.parametrize("kind", ["gbk", "xlsx"])
def test_the_plan_is_that_of_the_twin(
    history: Callable[[], Cells], kind: str, project: Path, call: Callable[..., tuple[int, str, str]]
) -> None:
    assert call("run", "base", "-C", project)[0] == 0
    data = project / "scenarios/data"
    if kind == "gbk":
        write_csv(data / "销售.csv", history())
        write_csv(data / "人员.csv", roster())
        places = "data/销售.csv", "data/人员.csv"
    else:
        write_book(data / "计划.xlsx", 销售=history(), 人员=roster(), 说明=[["这是说明"]])
        places = "data/计划.xlsx#销售", "data/计划.xlsx"
    text = (project / "scenarios/base.toml").read_text(encoding="utf-8")
    for old, new in zip(("data/history.csv", "data/roster.csv"), places, strict=True):
        text = text.replace(old, new)
    (project / "scenarios/base.toml").write_text(text, encoding="utf-8")
    code, _, said = call("run", "base", "-C", project)
    assert code == 0, said
    english, chinese = (
        pd.read_csv(path, dtype=str).drop(columns="run_id") for path in sorted((project / "runs").glob("*/quotas.csv"))
    )
    pd.testing.assert_frame_equal(english, chinese)
