"""Time `allocate` on a generated problem in which every kind of rule binds, against a cell-by-cell model.

    python benchmarks/allocate.py --size 200x10x12 --peer pulp-cbc

Prints what binds, then one JSON line: size, cells, seconds (whole, and by phase), cpu_seconds, lps, peak_gib, peer,
peer_seconds, peer_cpu_seconds, ratio and cpu_ratio (peer / ours, same run, same rules). Both sides use one thread, so
seconds of the processor tell the same story on a busy machine. With `--repeat` both sides take turns and the medians
are told.

The peer is the model a textbook writes: one variable per rep × product × month, one row per limit, minimise the
highest stretch. It finds one corner of the optimal face; quotaopt finds the fair totals, the table nearest to the
pattern, and whole units.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quotaopt.allocate import Meter, allocate_rules
from quotaopt.columns import REP
from quotaopt.goals import goal
from quotaopt.optimize.linear import LinearProgram
from quotaopt.optimize.solvers import solve
from quotaopt.optimize.statement import Block, RuleUse, state
from quotaopt.optimize.table import _sums
from quotaopt.optimize.verify import check_written
from quotaopt.plan import Plan
from quotaopt.problem import Cube, Index, Lock, Problem
from quotaopt.rules import rule
from quotaopt.tables import write_csv


def make_problem(reps: int, products: int, months: int, seed: int = 2027) -> Problem:
    """Log-normal reps in regions of 25, a product mix of their own each, one season, one per cent of reps locked."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0.0, 0.5, reps)
    mix = rng.dirichlet(np.full(products, 4.0), reps)
    season = 1 + 0.25 * np.sin(np.arange(months) / months * 2 * np.pi)
    capacity = size[:, None, None] * mix[:, :, None] * season * rng.lognormal(0.0, 0.15, (reps, products, months))
    capacity *= 10_000 / capacity.mean()
    index = make_index(reps, products, months)
    last_year = capacity * rng.uniform(0.85, 1.05, (reps, 1, 1))
    yearly = capacity.sum(axis=(1, 2))
    cube = Cube(index, capacity)
    locks = [
        Lock(index.reps.index[r], index.products.index[r % products], None, int(capacity[r, r % products].sum()))
        for r in range(0, reps, 97)
    ]
    return Problem(
        index, Decimal(1), int(yearly.sum() * 1.03), cube, cube, Cube(index, last_year), yearly, yearly * 0.2,
        np.ones(reps), np.ones(reps, dtype=bool), locks=locks,
    )  # fmt: skip


def make_index(reps: int, products: int, months: int) -> Index:
    """Reps in regions of 25 and two roles, products in families of four."""
    blank = [""] * reps
    roster = pd.DataFrame(
        {
            "region": [f"region {r // 25:03}" for r in range(reps)],
            **dict.fromkeys(("team", "manager", "channel", "segment"), blank),
            "role": [("hunter", "farmer")[r % 3 == 0] for r in range(reps)],
            "peer_group": blank,
        },
        index=pd.Index([f"R{r:05}" for r in range(reps)]),
    )
    catalogue = pd.DataFrame(
        {"family": [f"family {p // 4}" for p in range(products)]}, index=pd.Index([f"P{p:02}" for p in range(products)])
    )
    time = pd.DataFrame(
        {
            "quarter": [f"2027-Q{m // 3 + 1}" for m in range(months)],
            "half": [f"2027-H{m // 6 + 1}" for m in range(months)],
        },
        index=pd.Index([f"2027-{m + 1:02}" for m in range(months)]),
    )
    return Index(roster, catalogue, time)


def make_rules(problem: Problem, seed: int = 7) -> list[RuleUse]:
    """Caps per rep and month, growth limits, floors, region and product ranges, a season range, locks: all bind."""
    rng = np.random.default_rng(seed)
    carry = np.minimum(1.15 * problem.last_year.by(REP), 1.062 * problem.capacity.by(REP))  # what growth and caps leave
    in_region = np.bincount(problem.group("region").codes[0], carry)
    regions = _ranges(problem, "region", in_region * (1 + rng.uniform(-0.01, 0.01, in_region.size)), 0.004)
    sold = problem.capacity.by("product")
    products = _ranges(problem, "product", sold * (1 + rng.normal(0, 0.03, sold.size)), 0.015)
    floor = Decimal(int(carry.min() * 0.99))
    return [
        _use("meet_target"),
        _use("stay_within_capacity", stretch=1.062),
        _use("limit_change", down=0.9, up=1.15),
        _use("quota_floor", amount=floor),
        _use("meet_region_target", ranges=regions),
        _use("product_mix", ranges=products),
        _use("month_shape", low=0.063, high=0.0975),
        _use("keep_locks"),
    ]


def _ranges(problem: Problem, by: str, wanted: Any, width: float) -> dict[str, tuple[Decimal, Decimal]]:
    pairs = zip(problem.group(by).labels, wanted / wanted.sum(), strict=True)
    return {k: (Decimal(str(round(s * (1 - width), 9))), Decimal(str(round(s * (1 + width), 9)))) for k, s in pairs}


def _use(name: str, **parameters: Any) -> RuleUse:
    defaults = {k: p.default for k, p in rule.parameters(name).items()}
    return RuleUse(name, defaults | parameters)


def write_plan(problem: Problem, plan: Plan, path: Path) -> None:
    """The master table, as a run writes it."""
    sides = np.meshgrid(
        problem.index.reps.index, problem.index.products.index, problem.index.months.index, indexing="ij"
    )
    table = {k: side.reshape(-1) for k, side in zip(("rep_id", "product_id", "period"), sides, strict=True)}
    write_csv(pd.DataFrame(table | {"quota": plan.amounts().reshape(-1)}), path, "utf-8-sig")


def cell_program(problem: Problem, blocks: Sequence[Block]) -> LinearProgram:
    """Minimise the highest stretch over one variable per cell."""
    n, scale = problem.capacity.values.size, problem.capacity.values.mean()
    everything = (True, True, True)
    reps = problem.group(REP)
    parts, lower, upper = [], [], []
    for block in blocks:
        rows = sum(
            sp.diags_array(t.weight[block.keep]) @ _sums(t.grouping, everything)[t.take[block.keep]]
            for t in block.expression.terms
        )
        parts.append(sp.hstack([rows, sp.csr_array((block.size, 1))]))
        lower.append(block.lower / scale)
        upper.append(block.upper / scale)
    parts.append(sp.hstack([_sums(reps, everything), sp.csr_array(-problem.capacity.by(REP)[:, None] / scale)]))
    lower.append(np.full(reps.size, -np.inf))
    upper.append(np.zeros(reps.size))
    return LinearProgram(
        np.append(np.zeros(n), 1.0), sp.csr_array(sp.vstack(parts)), np.concatenate(lower), np.concatenate(upper),
        np.zeros(n + 1), np.full(n + 1, np.inf),
    )  # fmt: skip


@dataclass(frozen=True)
class Timed:
    """Seconds of the clock and of the processor (with child processes) that one side took, and what it found."""

    seconds: float
    cpu: float
    phases: dict[str, float]
    lps: int
    says: str


def cpu() -> float:
    """Seconds of the processor that this process and its children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def time_ours(size: Sequence[int]) -> Timed:
    """Allocate, write the table and read it back."""
    problem = make_problem(*size)
    uses = make_rules(problem)
    meter = Meter("highs", 600.0, 0)
    began, used = perf_counter(), cpu()
    plan = allocate_rules(problem, uses, [("level_stretch", goal["level_stretch"](problem))], meter)
    if plan.quota is None:
        sys.exit(f"no plan: {plan.sentence}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quotas.csv"
        with meter.time("write"):
            write_plan(problem, plan, path)
        with meter.time("verify"):
            faults = check_written(path, problem, plan.statement)
    seconds, used = perf_counter() - began, cpu() - used
    binding = plan.rules[plan.rules["binding"]].groupby("rule").size().to_dict()
    says = f"highest stretch {plan.goals['value'][0]:.6f}; faults: {faults[:3]}\nbinding rows: {binding}"
    return Timed(seconds, used, meter.seconds, meter.programs, says)


def time_peer(peer: str, size: Sequence[int], limit: float) -> Timed:
    """Build and solve the cell model."""
    problem = make_problem(*size)
    blocks = state(problem, make_rules(problem))
    began, used = perf_counter(), cpu()
    program = cell_program(problem, blocks)
    found = solve(program, "highs" if peer == "cell-highs" else "cbc", seconds=limit, duals=False)
    says = f"{found.status}, highest stretch {found.objective:.6f}"
    return Timed(perf_counter() - began, cpu() - used, {}, 1, says)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="200x10x12")
    parser.add_argument("--peer", choices=("pulp-cbc", "cell-highs"))
    parser.add_argument("--peer-seconds", type=float, default=600.0)
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args(arguments)
    size = [int(n) for n in options.size.split("x")]
    ours, peers = [], []
    for _ in range(options.repeat):
        ours.append(time_ours(size))
        if options.peer:
            peers.append(time_peer(options.peer, size, options.peer_seconds))
    phases = {k: round(median(one.phases[k] for one in ours), 3) for k in ours[0].phases}
    seconds, used = (median(getattr(one, k) for one in ours) for k in ("seconds", "cpu"))
    print(f"{options.size}: {ours[0].says}")
    result: dict[str, Any] = {
        "size": options.size, "cells": math.prod(size), "seconds": {"whole": round(seconds, 3), **phases},
        "cpu_seconds": round(used, 3), "lps": ours[0].lps,
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }  # fmt: skip
    if peers:
        theirs, their_cpu = (median(getattr(one, k) for one in peers) for k in ("seconds", "cpu"))
        print(f"{options.peer}: {peers[0].says}")
        result |= {
            "peer": options.peer, "peer_seconds": round(theirs, 3), "peer_cpu_seconds": round(their_cpu, 3),
            "ratio": round(theirs / seconds, 1), "cpu_ratio": round(their_cpu / used, 1),
        }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    main()
