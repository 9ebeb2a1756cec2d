"""What a plan may cost in the worst futures, and over several worlds of which each has a probability.

Quotas are set before anybody knows which world it will be. So the plan of every run is held against the draws of all
runs, each draw as likely as its world's weight says; and beside that, what could be had if the world were known
first: each plan in its own (the wait-and-see value of stochastic programming, Madansky 1960).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quotaopt.simulate.future import Future

Floats = NDArray[np.float64]
TAILS = {"worst_10": 0.1, "worst_5": 0.05}
"""Parts of the draws, the worst of them, whose mean is told."""
WORDS = {
    "mean": "expected",
    "p90": "in nine cases of ten less",
    "worst_10": "mean of the worst 10 %",
    "worst_5": "mean of the worst 5 %",
}
LOSSES = {"shortfall": "what is missing to the target", "pay": "variable pay"}
OWN = "own"


def mean_of_worst(loss: Floats, part: float, weight: Floats | None = None) -> float:
    """Conditional value at risk: the mean of the largest losses that together have the probability `part`.

    Equal to ``min_c c + E[max(loss - c, 0)] / part`` (Rockafellar & Uryasev, Journal of Risk 2000), also where one
    loss lies across the border: that part of its probability counts which is inside.

    Parameters
    ----------
    loss : shape (draws,).
    part : between 0 and 1.
    weight : of each draw, any sum; none: all the same.
    """
    order = np.argsort(-loss, kind="stable")
    share = np.full(loss.size, 1 / loss.size) if weight is None else weight[order] / weight.sum()
    before = np.cumsum(share) - share
    inside = np.clip(part - before, 0.0, share)
    return float(inside @ loss[order] / inside.sum())


def quantile_of(loss: Floats, level: float, weight: Floats) -> float:
    """The smallest loss that is not exceeded with the probability `level`."""
    order = np.argsort(loss, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    return float(loss[order][min(int(np.searchsorted(share, level - 1e-12)), loss.size - 1)])


def losses(plan: Future, world: Future) -> dict[str, Floats]:
    """What one run's plan loses in each draw of another's world, money: shortfall, and pay where there is a curve.

    The plan's quotas, target and pay; the world's draws, and its belief of what overassignment does.
    """
    effort = world.settings.policy.effort
    sales = world.drawn * (1 + plan.over) ** effort
    found = {"shortfall": np.maximum(plan.target - sales.sum(axis=0), 0.0)}
    if plan.pay is not None:
        found["pay"] = plan.pay.pay(plan.attained(sales)).sum(axis=0)
    return found


def weigh(futures: Sequence[Future], weights: Sequence[float], omega: float | None = None) -> Iterator[dict[str, Any]]:
    """Rows of `columns.quality.SIMULATION` at the level ``weighted``, one block for each plan and one for all.

    Plans can be held against another world only where the reps are the same; else there is the last block alone.

    Parameters
    ----------
    weights : probability of each run's world, any sum.
    omega : weight of the worst tenth beside the mean; then each plan's ``risk`` is told as well.
    """
    share = np.asarray(weights, dtype=np.float64) / sum(weights)
    first: dict[str, float] = {}
    if same_reps(futures):
        for plan in futures:
            values = _sums([losses(plan, world) for world in futures], share, omega)
            first = first or values
            yield from _rows(plan.run.id, "all", values, first, omega)
    own = _sums([losses(world, world) for world in futures], share, None)
    yield from _rows("", OWN, own, first, None)


def same_reps(futures: Sequence[Future]) -> bool:
    """Whether all runs are about the same reps."""
    return len({tuple(future.reps.index) for future in futures}) == 1


def no_choice(futures: Sequence[Future]) -> str:
    """Why no run's plan can be said to lose least; empty when it can."""
    if not same_reps(futures):
        return "the runs have other reps, and a plan can be held only against worlds that know them all"
    if len({future.target for future in futures}) > 1:
        return "their targets differ, and a lower target is no smaller risk"
    if len({future.pay is None for future in futures}) > 1:
        return "not all of them have [pay]"
    return ""


def _sums(by_world: Sequence[dict[str, Floats]], share: Floats, omega: float | None) -> dict[str, float]:
    """Each number of each loss over all worlds; ``risk`` is of shortfall and pay together."""
    weight = np.concatenate([np.full(one["shortfall"].size, w / one["shortfall"].size)
                             for one, w in zip(by_world, share, strict=True)])  # fmt: skip
    found, together = dict[str, float](), np.zeros(weight.size)
    for name in LOSSES:
        if not all(name in one for one in by_world):
            continue
        loss = np.concatenate([one[name] for one in by_world])
        together = together + loss
        found[f"{name}_mean"] = float(weight @ loss)
        found[f"{name}_p90"] = quantile_of(loss, 0.9, weight)
        found |= {f"{name}_{tail}": mean_of_worst(loss, part, weight) for tail, part in TAILS.items()}
    if omega is not None:
        found["risk"] = float(weight @ together) + omega * mean_of_worst(together, TAILS["worst_10"], weight)
    return found


def _rows(
    run: str, key: str, values: dict[str, float], first: dict[str, float], omega: float | None
) -> Iterator[dict[str, Any]]:
    lost = "shortfall and pay" if "pay_mean" in values else "shortfall"
    for measure, value in values.items():
        name, _, number = measure.partition("_")
        about = f"{LOSSES[name]}, {WORDS[number]}" if number else f"{lost}: mean + {omega:g} × worst 10 %"
        where = "each plan in its own world" if key == OWN else "over all worlds"
        yield {
            "run": run, "level": "weighted", "key": key, "name": "", "measure": measure, "value": value,
            "unit": "money", "change": value - first[measure] if first else np.nan, "about": f"{about}, {where}",
        }  # fmt: skip
