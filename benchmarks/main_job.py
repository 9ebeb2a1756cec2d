"""The main job at size, end to end, against the textbook model of the same scenario.

    python benchmarks/main_job.py --size 200x10x12

makes a planning project of that many reps × products × months (seeded, 36 months of history), runs ``quotaopt run`` on
it in a process of its own, then states the same rules the way a textbook does (one PuLP variable a quota, minimise the
worst stretch, CBC) and prints the seconds of each phase, the ratio, and one line of JSON last.

The textbook model takes its limits from the files alone (scenario, roster, history, locks, and the capacities the run
wrote); no line of quotaopt takes part. It answers less: the worst stretch only, with some plan that has it.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from time import perf_counter

import numpy as np
import pulp

HISTORY = 36
FIRST = (2027, 1)
REGIONS = ("Central", "East", "North", "Northeast", "Northwest", "South", "Southeast", "West")
ROLES = ("Account Executive", "Key Account Manager", "Sales Representative")
FAMILIES = ("Hardware", "Services", "Software")
TERMS = {"cap": 1.08, "down": 0.98, "up": 1.08, "growth": 1.04, "mix": 0.01, "close": 1.03}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="200x10x12", help="reps x products x months")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--solver", default="highs", help="solver of the main job")
    parser.add_argument("--peer-seconds", type=float, default=600.0, help="time limit of the textbook model")
    parser.add_argument("--no-peer", action="store_true", help="leave the textbook model out")
    parser.add_argument("--keep", type=Path, help="write the project here and keep it")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="quotaopt-benchmark-") as folder:
        project = args.keep or Path(folder)
        make_project(project, *map(int, args.size.split("x")), seed=args.seed)
        report(args, project)


def report(args: argparse.Namespace, project: Path) -> None:
    """Run both, print a line a phase, and the JSON last."""
    run, seconds = run_main_job(project, args.solver)
    reps, products, months = map(int, args.size.split("x"))
    line = {"size": args.size, "cells": reps * products * months, "seconds": seconds}
    for phase, value in seconds.items():
        print(f"{phase:12} {value:8.2f} s")
    line |= {"worst_stretch": worst_stretch(run)}
    if not args.no_peer:
        peer = solve_textbook(project, run, args.peer_seconds)
        ratio = peer.seconds / seconds["solve"]
        print(
            f"{'textbook':12} {peer.seconds:8.2f} s   {peer.variables:,} variables, {peer.rows:,} rows, {peer.status}"
        )
        print(f"worst stretch {line['worst_stretch']:.6f}, in the textbook model {peer.worst_stretch:.6f}")
        print(f"the textbook model takes {ratio:.1f} times as long as the whole of `solve`")
        line |= {"peer": f"PuLP {pulp.__version__}, one variable a quota, CBC", "peer_seconds": round(peer.seconds, 3)}
        line |= {"ratio": round(ratio, 2), "peer_status": peer.status, "peer_worst_stretch": peer.worst_stretch}
    print(json.dumps(line))


# --- the main job -------------------------------------------------------------------------------------------------


def run_main_job(project: Path, solver: str) -> tuple[Path, dict[str, float]]:
    """``quotaopt run`` in a process of its own: the run folder and the seconds of each phase."""
    source = Path(__file__).resolve().parents[1] / "src"
    path = os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "quotaopt", "run", "benchmark", "--solver", solver]
    began = perf_counter()
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    total = perf_counter() - began
    if done.returncode:
        sys.exit(f"the main job ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    run = max((project / "runs").iterdir(), key=lambda folder: folder.stat().st_mtime)
    phases = json.loads((run / "run.json").read_text(encoding="utf-8"))["seconds"]
    seconds = {name: round(float(value), 3) for name, value in phases.items() if name != "write"}
    return run, seconds | {"start_write": round(total - sum(seconds.values()), 3), "total": round(total, 3)}


def worst_stretch(run: Path) -> float:
    """Highest quota / capacity of a rep in the plan written."""
    quota, capacity = defaultdict(float), defaultdict(float)
    for row in read_rows(run / "quotas.csv"):
        quota[row["rep_id"]] += float(row["quota"])
        capacity[row["rep_id"]] += float(row["capacity"])
    return round(max(quota[rep] / capacity[rep] for rep in quota if capacity[rep] > 0), 6)


# --- the textbook model -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Peer:
    """What the textbook model came to."""

    seconds: float
    status: str
    worst_stretch: float
    variables: int
    rows: int


def solve_textbook(project: Path, run: Path, limit: float) -> Peer:
    """Build and solve the scenario with one PuLP variable a quota; the clock runs from the numbers to the answer."""
    scenario = tomllib.loads((project / "scenarios" / "benchmark.toml").read_text(encoding="utf-8"))
    roster, history, locks = (read_rows(project / "data" / f"{n}.csv") for n in ("roster", "history", "locks"))
    capacity = {
        (row["rep_id"], row["product_id"], row["period"]): float(row["capacity"])
        for row in read_rows(run / "capacity.csv")
    }
    presence = defaultdict(list)
    for row in read_rows(run / "capacity.csv"):
        presence[row["rep_id"]].append(float(row["headcount"]) * float(row["ramp"]))
    base = last_year(roster, history, scenario)
    path = getattr(getattr(pulp, "PULP_CBC_CMD", None), "pulp_cbc_path", None)  # PuLP 3 brings CBC along
    began = perf_counter()
    problem = state_textbook(scenario, roster, capacity, {r: b * mean(presence[r]) for r, b in base.items()}, locks)
    said = problem.solve(pulp.COIN_CMD(msg=False, timeLimit=limit, **({"path": path} if path else {})))
    seconds = perf_counter() - began
    worst = next(v for v in problem.variables() if v.name == "worst").varValue
    value = math.nan if worst is None else round(worst, 6)
    optimal = int(getattr(said, "status", said)) == 1  # PuLP 4, PuLP 3
    status = "not solved" if not optimal or seconds > limit else "optimal"
    return Peer(seconds, status, value, len(problem.variables()), len(problem.constraints()))


def state_textbook(
    scenario: dict, roster: list[dict], capacity: dict, base: dict[str, float], locks: list[dict]
) -> pulp.LpProblem:
    """Minimise the worst stretch under the scenario's rules, cell by cell."""
    rules, target = scenario["rules"], scenario["target"]
    region = {row["rep_id"]: row["region"] for row in roster}
    problem = pulp.LpProblem("textbook", pulp.LpMinimize)
    quota = {cell: problem.add_variable(f"q{k}", 0) for k, cell in enumerate(capacity)}
    worst = problem.add_variable("worst", 0)
    problem += worst
    by_rep = grouped(quota, lambda rep, product, month: rep)
    by_rep_product = grouped(quota, lambda rep, product, month: (rep, product))
    by_rep_month = grouped(quota, lambda rep, product, month: (rep, month))
    for rep, amounts in grouped(capacity, lambda rep, product, month: rep).items():
        problem += pulp.lpSum(by_rep[rep]) <= sum(amounts) * worst
    problem += pulp.lpSum(quota.values()) == target
    for name, variables in grouped(quota, lambda rep, product, month: region[rep]).items():
        problem += pulp.lpSum(variables) == rules["meet_region_target"]["values"][name]
    for name, variables in grouped(quota, lambda rep, product, month: product).items():
        low, high = rules["product_mix"]["ranges"][name]
        problem += pulp.lpSum(variables) >= low * target
        problem += pulp.lpSum(variables) <= high * target
    for name, (low, _) in rules["month_shape"]["ranges"].items():
        inside = grouped(quota, lambda rep, product, month: quarter(month))[name]
        problem += pulp.lpSum(inside) >= low * target
    for key, amounts in grouped(capacity, lambda rep, product, month: (rep, month)).items():
        problem += pulp.lpSum(by_rep_month[key]) <= rules["stay_within_capacity"]["stretch"] * sum(amounts)
    for rep, amount in base.items():
        problem += pulp.lpSum(by_rep[rep]) >= rules["limit_change"]["down"] * amount
        problem += pulp.lpSum(by_rep[rep]) <= rules["limit_change"]["up"] * amount
    for lock in locks:
        rep, product, month = lock["rep_id"], lock["product_id"], lock["month"]
        part = [quota[rep, product, month]] if month else by_rep_product[rep, product] if product else by_rep[rep]
        problem += pulp.lpSum(part) == float(lock["value"])
    return problem


def grouped(cells: dict, key: Callable[[str, str, str], object]) -> dict:
    """The values of `cells` by ``key(rep, product, month)``."""
    groups = defaultdict(list)
    for cell, value in cells.items():
        groups[key(*cell)].append(value)
    return groups


def last_year(roster: list[dict], history: list[dict], scenario: dict) -> dict[str, float]:
    """Sales in the plan's months a year before, of the reps who were there from the first of them on."""
    year, month = map(int, scenario["first_month"].split("-"))
    first, last = f"{year - 1}-{month:02}", f"{int(scenario['last_month'][:4]) - 1}{scenario['last_month'][4:]}"
    there = {row["rep_id"] for row in roster if row["start_date"] <= f"{first}-01"}
    sold = defaultdict(float)
    for row in history:
        if row["rep_id"] in there and first <= row["month"] <= last:
            sold[row["rep_id"]] += float(row["amount"])
    return dict(sold)


# --- the project --------------------------------------------------------------------------------------------------


def make_project(folder: Path, reps: int, products: int, months: int, seed: int) -> None:
    """Write a planning project whose every rule binds somewhere."""
    rng = np.random.default_rng(seed)
    plan = month_names(0, months)
    past = month_names(-HISTORY, HISTORY)
    ids = [f"R{k:04}" for k in range(1, reps + 1)]
    product_ids = [f"P{k:03}" for k in range(1, products + 1)]
    start = np.where(
        rng.random(reps) < 0.08, rng.integers(HISTORY - 10, HISTORY - 2, reps), -1
    )  # month hired, or long ago
    sales = draw_sales(rng, reps, products, start)
    region = np.arange(reps) % min(len(REGIONS), max(reps // 5, 1))
    write_rows(
        folder / "data" / "history.csv",
        [
            {"rep_id": ids[r], "product_id": product_ids[p], "month": past[t], "amount": f"{sales[r, p, t]:.2f}"}
            for r, p, t in np.ndindex(sales.shape)
            if t >= start[r]
        ],
    )
    write_rows(
        folder / "data" / "roster.csv",
        [describe_rep(rng, ids[r], region[r], past, plan, start[r]) for r in range(reps)],
    )
    write_rows(
        folder / "data" / "products.csv",
        [{"product_id": name, "family": FAMILIES[k % len(FAMILIES)]} for k, name in enumerate(product_ids)],
    )
    # The plan's months a year before: the last twelve, repeated when the plan is longer than a year.
    base = sales[:, :, HISTORY - 12 + np.arange(months) % 12]
    write_rows(folder / "data" / "locks.csv", make_locks(ids, product_ids, plan, base, np.flatnonzero(start < 0)))
    text = make_scenario(base, region, product_ids, plan, rng)
    (folder / "scenarios").mkdir(parents=True, exist_ok=True)
    (folder / "scenarios" / "benchmark.toml").write_text(text, encoding="utf-8")


def draw_sales(rng: np.random.Generator, reps: int, products: int, start: np.ndarray) -> np.ndarray:
    """Size of the rep × mix × season × trend × noise, as reps × products × months; nothing before a rep starts."""
    time = np.arange(HISTORY)
    size = rng.lognormal(10.5, 0.35, (reps, 1, 1))
    mix = rng.dirichlet(np.full(products, 8.0), reps)[:, :, None]
    season = 1 + 0.25 * np.sin(2 * np.pi * (time / 12 + rng.random((1, products, 1))))
    trend = (1 + rng.normal(0.05, 0.05, (reps, 1, 1))) ** ((time - HISTORY) / 12)
    sales = size * mix * season * trend * rng.lognormal(0, 0.15, (reps, products, HISTORY))
    return np.where(time >= start[:, None, None], sales, 0.0)


def describe_rep(
    rng: np.random.Generator, rep: str, region: int, past: list[str], plan: list[str], start: int
) -> dict[str, str]:
    """One row of the roster; one rep in fifty leaves in the second half of the plan."""
    leaves = start < 0 and rng.random() < 0.02
    return {
        "rep_id": rep,
        "rep_name": f"Rep {rep[1:]}",
        "region": REGIONS[region],
        "team": f"{REGIONS[region]} {rng.integers(1, 3)}",
        "role": ROLES[rng.integers(0, len(ROLES))],
        "start_date": f"{past[start]}-01" if start >= 0 else "2020-01-01",
        "end_date": f"{plan[len(plan) // 2 + int(rng.integers(0, len(plan) // 2))]}-15" if leaves else "",
        "ramp_profile": "new_hire" if start >= 0 else "",
    }


def make_locks(
    ids: list[str], products: list[str], plan: list[str], base: np.ndarray, known: np.ndarray
) -> list[dict[str, object]]:
    """Quotas fixed at about last year's amount: two reps' years, four rep × products, eight single quotas."""
    chosen = known[np.linspace(0, known.size - 1, min(14, known.size)).astype(int)]
    rows: list[dict[str, object]] = []
    for k, r in enumerate(chosen):
        p, t = k % len(products), k % len(plan)
        amount, product, month = base[r, p, t], products[p], plan[t]
        if k < 2:
            amount, product, month = base[r].sum() * (0.99, 1.0)[k], "", ""
        elif k < 6:
            amount, month = base[r, p].sum(), ""
        rows.append({"rep_id": ids[r], "product_id": product, "month": month, "value": round(float(amount))})
    return rows


def make_scenario(
    base: np.ndarray, region: np.ndarray, products: list[str], plan: list[str], rng: np.random.Generator
) -> str:
    """Last year's total plus growth; region targets moved by two per cent, product shares in ranges, a late close."""
    target = round(TERMS["growth"] * base.sum(), -3)
    sold = np.bincount(region, base.sum(axis=(1, 2))) * rng.uniform(0.98, 1.02, region.max() + 1)
    regions = np.round(target * sold / sold.sum(), -2)
    regions[0] += target - regions.sum()
    share = base.sum(axis=(0, 2)) * np.linspace(0.97, 1.03, len(products))  # the plan shifts to the later products
    share /= share.sum()
    values = ", ".join(f"{REGIONS[k]} = {amount:.0f}" for k, amount in enumerate(regions))
    last = [k for k, month in enumerate(plan) if quarter(month) == quarter(plan[-1])]
    close = TERMS["close"] * base[:, :, last].sum() / base.sum()
    ranges = ", ".join(
        f"{name} = [{part * (1 - TERMS['mix']):.6f}, {part * (1 + TERMS['mix']):.6f}]"
        for name, part in zip(products, share, strict=True)
    )
    return f"""version = 1
target = {target:.0f}
first_month = "{plan[0]}"
last_month = "{plan[-1]}"
goals = ["level_stretch"]

[data]
history = "../data/history.csv"
roster = "../data/roster.csv"
products = "../data/products.csv"
locks = "../data/locks.csv"

[ramp.profiles]
new_hire = [0.25, 0.5, 0.75]

[rules.meet_target]
[rules.keep_locks]

[rules.meet_region_target]
values = {{ {values} }}

[rules.product_mix]
ranges = {{ {ranges} }}

[rules.month_shape]
by = "quarter"
ranges = {{ {quarter(plan[-1])} = [{close:.6f}, 1.0] }}

[rules.stay_within_capacity]
stretch = {TERMS["cap"]}
by = ["rep", "month"]

[rules.limit_change]
down = {TERMS["down"]}
up = {TERMS["up"]}

[rounding]
to = 1
"""


def month_names(first: int, count: int) -> list[str]:
    """``count`` months as ``YYYY-MM``, from ``first`` months after the plan's first."""
    numbers = (FIRST[0] * 12 + FIRST[1] - 1 + first + k for k in range(count))
    return [f"{n // 12}-{n % 12 + 1:02}" for n in numbers]


def quarter(month: str) -> str:
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
