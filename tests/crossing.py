"""Random small problems whose rules cross: specialists, region values, product ranges, caps, months."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from quotaopt.optimize.statement import RuleUse
from quotaopt.problem import Cube, Problem

from .instances import make_problem, use, with_


def crossing(seed: int, reps: int = 5, products: int = 3, months: int = 2) -> tuple[Problem, list[RuleUse]]:
    """A problem and its rules; specialists sell only some products, so that products press on reps."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, reps + 1))
    problem = _specialise(make_problem(n, products, months, seed=seed, stretch=float(rng.uniform(0.95, 1.1))), rng)
    rules = [use("meet_target")]
    if rng.random() < 0.7:
        rules.append(use("meet_region_target", values=_values(problem, rng)))
    if rng.random() < 0.8:
        rules.append(use("product_mix", ranges=_ranges(problem, "product", rng)))
    if rng.random() < 0.5:
        rules.append(use("stay_within_capacity", stretch=float(rng.uniform(1.3, 1.8)), by=("rep",)))
    if rng.random() < 0.3:
        rules.append(use("stay_within_capacity", stretch=float(rng.uniform(1.3, 1.8)), by=("rep", "month")))
    if rng.random() < 0.3:
        rules.append(use("stay_within_capacity", stretch=float(rng.uniform(1.3, 1.8)), by=("rep", "product")))
    if rng.random() < 0.3:
        rules.append(use("stay_within_capacity", stretch=float(rng.uniform(1.3, 1.8)), by=("product", "month")))
    if rng.random() < 0.4:
        rules.append(use("limit_change", down=0.6, up=float(rng.uniform(1.4, 2.0))))
    if rng.random() < 0.3:
        rules.append(use("quota_floor", amount=Decimal(round(float(problem.capacity.by("rep").min()) * 0.9))))
    if rng.random() < 0.3:
        rules.append(use("month_shape", low=0.3, high=0.7, of=("rep",)))
    if rng.random() < 0.3:
        rules.append(use("fair_share", band=float(rng.uniform(0.1, 0.6))))
    if rng.random() < 0.2:
        rules.append(use("month_shape", ranges={"2027-01": (Decimal("0.36"), Decimal("0.41"))}))
    return problem, rules


def _specialise(problem: Problem, rng: np.random.Generator) -> Problem:
    """Most reps sell one product, some another one as well; every product has a rep."""
    n_reps, n_products, _ = problem.index.shape
    sells = rng.random((n_reps, n_products)) < 0.15
    sells[np.arange(n_reps), rng.integers(0, n_products, n_reps)] = True
    for product in np.flatnonzero(~sells.any(axis=0)):
        sells[rng.integers(0, n_reps), product] = True
    cubes = {
        name: Cube(problem.index, getattr(problem, name).values * sells[:, :, None])
        for name in ("capacity", "reference", "last_year")
    }
    capacity = cubes["capacity"].values
    ratio = capacity.sum() / problem.capacity.values.sum()
    return with_(problem, target=round(problem.target * ratio), **cubes)


def _values(problem: Problem, rng: np.random.Generator) -> dict[str, Decimal]:
    """A value for every region but the last: its part by capacity, up to 8 % more or less."""
    capacity = problem.capacity.by("region")
    asked = capacity / capacity.sum() * problem.target * rng.uniform(0.92, 1.08, capacity.size)
    return {name: Decimal(round(v)) for name, v in list(zip(problem.group("region").labels, asked, strict=True))[:-1]}


def _ranges(problem: Problem, by: str, rng: np.random.Generator) -> dict[str, Any]:
    """A range of shares around each part by capacity, moved by up to 30 %."""
    capacity = problem.capacity.by(by)
    middle = capacity / capacity.sum() * rng.uniform(0.7, 1.3, capacity.size)
    middle /= middle.sum()
    return {
        name: (Decimal(f"{m * 0.97:.4f}"), Decimal(f"{m * 1.03:.4f}"))
        for name, m in zip(problem.group(by).labels, middle, strict=True)
    }
