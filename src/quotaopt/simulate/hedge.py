"""Overassignment by risk: the least that gives the company the chance it wants, as far as quotas move sales at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from quotaopt.simulate.future import Future

EVEN = 1 - 1e-9
MOST = 1.0  # double quotas: beyond that nobody believes an elasticity


def least_hedge(company: float, target: float, effort: float) -> float:
    """The least overassignment ``h`` with ``company × (1 + h)^effort >= target``; nan when none up to `MOST` does.

    Parameters
    ----------
    company : what the company sells without overassignment, at the quantile that is to make the target.
    effort : elasticity of sales with respect to quota.
    """
    if company >= target:
        return 0.0
    if effort <= 0 or company <= 0:
        return float("nan")
    over = float((target / company) ** (1 / effort) - 1) if target / company < (1 + MOST) ** effort else float("inf")
    return over if over <= MOST else float("nan")


def hedge_by_risk(future: Future) -> dict[str, Any]:
    """One row of the simulation: the least overassignment, and in words what it rests on."""
    policy = future.settings.policy
    sold = future.drawn.sum(axis=0)
    company = float(np.quantile(sold, 1 - policy.company, method="lower"))
    over = least_hedge(company, future.target, policy.effort)
    wanted, made = (f"{100 * share:.0f} %" for share in (policy.company, float((sold >= future.target * EVEN).mean())))
    if policy.effort <= 0:
        about = (
            "Quotas divide sales and do not make them (policy.effort is 0): the company makes its target with a "
            f"chance of {made} whatever the overassignment; wanted is {wanted}"
        )
    else:
        found = "Least overassignment with" if over >= 0 else "No overassignment gives"
        about = (
            f"{found} a company chance of {wanted}, if sales rise by {policy.effort:g} % with every 1 % of quota: "
            "behaviour, declared by policy.effort"
        )
    row = {"level": "hedge", "key": "all", "name": "", "measure": "hedge", "value": over}
    return {**row, "unit": "ratio", "about": about}
