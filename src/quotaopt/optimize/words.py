"""Limits and amounts as people say them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from quotaopt.optimize.statement import Block
from quotaopt.problem import Problem

SHOWN = 3  # scopes named one by one
PLACES = 2  # file lines named one by one


@dataclass(frozen=True, eq=False)
class Limit:
    """One limit of a block and its weight in a proof: positive for the lower limit, negative for the upper one.

    `needed` tells whether it is one of those that clash by themselves; None when that was not tried.
    """

    block: Block
    row: int
    weight: Fraction
    needed: bool | None = None

    @property
    def limit(self) -> float:
        """The limit in units."""
        return float((self.block.lower if self.weight > 0 else self.block.upper)[self.row])

    @property
    def scope(self) -> str:
        """What it limits."""
        return self.block.scope(self.row)

    @property
    def source(self) -> str:
        """``file:line`` of it."""
        return self.block.source(self.row)


def money(problem: Problem, units: float | Fraction) -> str:
    """An amount in units as money for people, with as many decimals as it needs."""
    return number(Decimal(str(round(float(units), 6))) * problem.unit)


def number(amount: Decimal) -> str:
    """A number with thousands apart, cents only where there are some."""
    cents = round(amount, 2)
    return f"{cents:,.0f}" if cents == round(cents) else f"{cents:,.2f}"


def listed(limits: Sequence[Limit]) -> str:
    """Limits by rule, each rule with its scopes (or their number) and the lines they come from."""
    by_use: dict[int, list[Limit]] = {}
    for limit in limits:
        by_use.setdefault(id(limit.block.use), []).append(limit)
    return joined([_of_rule(group) for group in by_use.values()])


def _of_rule(limits: Sequence[Limit]) -> str:
    name = limits[0].block.use.name
    scopes = list(dict.fromkeys(limit.scope for limit in limits))
    places = list(dict.fromkeys(limit.source for limit in limits))
    more = f" and {len(places) - PLACES} more" if len(places) > PLACES else ""
    where = f" ({', '.join(places[:PLACES])}{more})"
    few = len(scopes) <= SHOWN
    return (f"{name} {joined(scopes)}" if few else f"{len(limits):,} limits of {name}") + where


def joined(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
