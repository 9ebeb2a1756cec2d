"""The keys of a scenario about the tree of the sales force: its levels, the targets of its nodes, hedges by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import prod
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from quotaopt.columns import PRODUCT_ATTRIBUTES, REP, TIME_ATTRIBUTES
from quotaopt.settings.data import Section
from quotaopt.values import Amount, refuse

COMPANY, LIMIT = "company", "limit"
RESERVED = {COMPANY, LIMIT, REP, *PRODUCT_ATTRIBUTES, *TIME_ATTRIBUTES}


def _check_levels(levels: list[str]) -> list[str]:
    if taken := [name for name in levels if name in RESERVED]:
        refuse(f"{taken[0]} is no level between company and rep", "Name columns of the roster.")
    if len(set(levels)) < len(levels):
        refuse("a level is named twice", "Name each column once, from the top down.")
    return levels


Levels = Annotated[list[str], AfterValidator(_check_levels)]


class Tree(Section):
    """Columns of the roster from the top down, company and rep left out: ``levels = ["region", "channel", "team"]``.

    `cross` is a second tree of the same reps, such as ``["segment"]``. With `paths` nodes are called by their path
    (``North/Retail``), so that a name may stand under several parents.
    """

    levels: Levels = []
    cross: Levels = []
    paths: bool = False

    @field_validator("cross")
    @classmethod
    def _check_cross(cls, cross: list[str], info: ValidationInfo) -> list[str]:
        levels = info.data.get("levels", [])
        if cross and not levels:
            refuse("a second tree needs a first one", "Write tree.levels.")
        if both := [name for name in cross if name in levels]:
            refuse(f"{both[0]} is a level of the first tree", "Name it in one of the two.")
        return cross


def _check_hedge(hedge: dict[str, Decimal], info: ValidationInfo) -> dict[str, Decimal]:
    tree, limit = info.data.get("tree"), hedge.get(LIMIT)
    levels = [COMPANY, *(tree.levels if tree else [])]
    for name in hedge:
        if name not in (*levels, LIMIT):
            refuse(f"{name} is no level of the tree", f"Known: {', '.join((*levels, LIMIT))}.")
    if hedge and min(hedge.values()) <= -1:
        refuse("a hedge of -1 or less leaves nothing", "Write a ratio like 0.03.")
    if any(name != LIMIT for name in hedge) and info.data.get("overassignment"):
        refuse("overassignment is given too: it is all hedges together", "Keep one of the two.")
    whole = compound(hedge, info.data.get("overassignment", Decimal(0)), levels) - 1
    if limit is not None and whole > limit:
        steps = " × ".join(f"(1 + {hedge[name]:f})" for name in levels if hedge.get(name))
        refuse(
            f"all together quotas are {whole.normalize():f} above the target{f', {steps} - 1' if steps else ''}; "
            f"the limit is {limit:f}",
            "Lower a hedge, or raise the limit.",
        )
    return hedge


def compound(hedge: Mapping[str, Decimal], overassignment: Decimal, levels: Sequence[str]) -> Decimal:
    """Sum of all quotas / target: the product of 1 + hedge over the levels, or 1 + overassignment without hedges.

    Without hedges the overassignment is the hedge of the lowest level, between its nodes and their reps.
    """
    return prod((1 + h for h in level_hedges(hedge, overassignment, levels)), start=Decimal(1))


def level_hedges(hedge: Mapping[str, Decimal], overassignment: Decimal, levels: Sequence[str]) -> list[Decimal]:
    """The hedge of each level from the company down: by how much its children are asked for more than itself."""
    if any(name != LIMIT for name in hedge):
        return [hedge.get(name, Decimal(0)) for name in levels]
    return [*([Decimal(0)] * (len(levels) - 1)), overassignment]


def _check_targets(targets: dict[str, dict[str, Decimal]], info: ValidationInfo) -> dict[str, dict[str, Decimal]]:
    tree: Any = info.data.get("tree")
    levels = [*tree.levels, *tree.cross] if tree else []
    for name, values in targets.items():
        if name not in levels:
            refuse(f"{name} is no level of the tree", f"Known: {', '.join(levels) or 'none, write tree.levels'}.")
        if values and min(values.values()) < 0:
            refuse("an amount is negative")
    return targets


Hedges = Annotated[dict[str, Amount], AfterValidator(_check_hedge)]
Targets = Annotated[dict[str, dict[str, Annotated[Amount, Field(lt=10**15)]]], AfterValidator(_check_targets)]
