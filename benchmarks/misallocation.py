"""How much money sits with the wrong rep: allocate a past year's realised total, and compare with what each sold.

    python benchmarks/misallocation.py
    python benchmarks/misallocation.py --panel adventureworks --hide 6 --origins 2

The last months are hidden, the total that was sold in them is the target, and a default scenario (goal
``level_stretch``, rule ``meet_target``) splits it through the public pipeline: read, forecast, capacity, allocate. No
total of a region or a product is given. Printed is ``sum |quota − actual| / 2 / total``, the share of the target that
would have to move to another rep (or to another rep × product × month) to be right, beside simple splits of the same
total: equal, and in proportion to the last 12 months, the last 3, all history, and the same months a year before, each
spread over the months as the company's last year was. The best of them is known in hindsight only. First come the last
months of each panel alone, then all origins added up.

The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from panels import DATA, GENERATED, NAMES, Case, choose_origins, load_cases
from quotaopt.allocate import allocate, prepare
from quotaopt.backtest import simple_splits
from quotaopt.capacity import make_capacity
from quotaopt.forecast import make_forecast
from quotaopt.forecast.panel import YEAR, Floats, Panel, month_name
from quotaopt.scenario import load_scenario
from quotaopt.tables import read_inputs

OURS = "quotaopt"
TIE = 0.01  # points of a per cent of the target: less is rounding
PANELS = ("adventureworks", "adventureworks33", "crm", "tourism36", *GENERATED)
SCENARIO = """\
version = 1
goals = ["level_stretch"]
target = {target:.2f}
first_month = "{first}"
last_month = "{last}"

[data]
history = "history.csv"
roster = "roster.csv"
products = "products.csv"

[rules.meet_target]
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panel", action="append", choices=NAMES, help="only this panel; may be given again")
    parser.add_argument("--hide", type=int, action="append", help="months to hide (default: 12, and 6 for short data)")
    parser.add_argument("--origins", type=int, default=3, help="most origins of a panel, newest first")
    parser.add_argument("--seeds", type=int, default=5, help="draws of each generated panel, added up")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the data sets")
    args = parser.parse_args(arguments)
    found = []
    for case in load_cases(tuple(args.panel or PANELS), args.data, args.origins, args.seeds):
        if isinstance(case, str):
            print(case)
            continue
        found += [measure_case(case, hide, args.origins) for hide in args.hide or choose_hidden(case.panel.length)]
    every = pd.concat(found, ignore_index=True)
    last, table = add_up(every[every["newest"]]), add_up(every)
    show(last, "the last months")
    if args.origins > 1:
        show(table, f"up to {args.origins} origins added up")
    print(json.dumps([x.round(4).to_dict("records") for x in (last, table)]))


def choose_hidden(length: int) -> tuple[int, ...]:
    """A year; with three years or less half a year too; with less than two years half a year and a quarter."""
    return (YEAR,) if length > 3 * YEAR else (YEAR, 6) if length >= 2 * YEAR else (6, 3)


def measure_case(case: Case, hide: int, origins: int) -> pd.DataFrame:
    """One row per origin, grain and way of splitting: money misallocated and the total."""
    rows = []
    for i, origin in enumerate(choose_origins(case.panel.length, min(YEAR, case.panel.length - hide), hide, origins)):
        known, actual = split(case.panel, origin, hide)
        quotas = simple_splits(np.nan_to_num(known.values), hide) | {OURS: allocate_total(known, actual.sum(), hide)}
        for name, split_so in quotas.items():
            quota = split_so * (actual.sum() / split_so.sum())
            by_rep = quota.sum(axis=(1, 2)) - actual.sum(axis=(1, 2))
            for grain, off in (("rep", by_rep), ("rep x product x month", quota - actual)):
                rows.append((grain, name, np.abs(off).sum() / 2, actual.sum(), i == 0))
        print(f"{case.name}: {hide} months hidden after {origin} known, {len(known.reps)} reps", flush=True)
    table = pd.DataFrame(rows, columns=["grain", "split", "wrong", "total", "newest"])
    return table.assign(panel=case.name, hidden=hide)


def add_up(table: pd.DataFrame) -> pd.DataFrame:
    """Over origins and draws of a panel: money misallocated, and its share of the total."""
    sums = table.groupby(["panel", "hidden", "grain", "split"], sort=False)[["wrong", "total"]].sum().reset_index()
    return sums.assign(share=sums["wrong"] / sums["total"])


def split(panel: Panel, origin: int, hide: int) -> tuple[Panel, Floats]:
    """What is known of the reps who had started by then, and what they sold in the hidden months."""
    known = panel.until(origin)
    started = known.seen.any(axis=1)
    return known.of(started), np.nan_to_num(panel.values[started, :, origin : origin + hide])


def allocate_total(known: Panel, total: float, hide: int) -> Floats:
    """Quotas of a default scenario with this target, shape (reps, products, months), in money."""
    with tempfile.TemporaryDirectory(prefix="quotaopt-benchmark-") as folder:
        project = Path(folder)
        write_project(project, known, total, hide)
        scenario = load_scenario("past", project)
        inputs = read_inputs(scenario)
    forecast = make_forecast(inputs, scenario.settings)
    plan = allocate(prepare(scenario, inputs, forecast, make_capacity(forecast, inputs, scenario.settings)), scenario)
    quota = plan.amounts() * float(plan.problem.unit)
    at = [known.reps.index(rep) for rep in forecast.reps], [known.products.index(p) for p in forecast.products]
    out = np.zeros((len(known.reps), len(known.products), hide))
    out[np.ix_(*at)] = quota
    return out


def write_project(project: Path, known: Panel, total: float, hide: int) -> None:
    """The files a planner would have had: sales so far, the roster with start dates, the products sold so far."""
    (project / "scenarios").mkdir()
    months = [month_name(known.first + t) for t in range(known.length + hide)]
    r, p, t = np.nonzero(np.nan_to_num(known.values))
    history = pd.DataFrame({
        "rep_id": np.array(known.reps)[r], "product_id": np.array(known.products)[p],
        "month": np.array(months)[t], "amount": known.values[r, p, t].round(2),
    })  # fmt: skip
    begun = known.seen.argmax(axis=1)
    starts = [f"{months[k]}-01" if k else "" for k in begun]
    places = [name or "none" for name in known.region]
    roster = pd.DataFrame({"rep_id": known.reps, "region": places, "role": known.role, "start_date": starts})
    sold = [product for k, product in enumerate(known.products) if (np.nan_to_num(known.values[:, k]) != 0).any()]
    products = pd.DataFrame({"product_id": sold})
    for name, table in (("history", history), ("roster", roster), ("products", products)):
        table.to_csv(project / "scenarios" / f"{name}.csv", index=False)
    text = SCENARIO.format(target=total, first=months[known.length], last=months[-1])
    (project / "scenarios" / "past.toml").write_text(text, encoding="utf-8")


def show(table: pd.DataFrame, what: str) -> None:
    """A row per panel, hidden months and grain; a column per split, in per cent of the target."""
    for grain, part in table.groupby("grain", sort=False):
        wide = 100 * part.pivot_table(index=["panel", "hidden"], columns="split", values="share", sort=False)
        wide = wide[[*dict.fromkeys(part["split"])]]
        best = wide.drop(columns=[OURS, "equal"]).min(axis=1)
        wide["best simple"] = best
        wide["verdict"] = np.where(wide[OURS] <= best + TIE, "best", "worse")
        print(f"\n{what}: share of the target with the wrong {grain}, %\n{wide.to_string(float_format='%.2f')}")


if __name__ == "__main__":
    main()
