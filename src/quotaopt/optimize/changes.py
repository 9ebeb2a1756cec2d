"""Numbers of a scenario that may change to make a plan possible: what each is, and the rules stated with it changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from functools import partial
from typing import Any

import numpy as np

from quotaopt.errors import InputError
from quotaopt.optimize.proof import Groups, Proof
from quotaopt.optimize.statement import RuleUse, state
from quotaopt.optimize.words import number
from quotaopt.problem import Problem

RATIO = Decimal("0.0001")  # grid of shares, stretches, growth
FAR = 1000  # a number is changed by this factor at most
MANY = 10  # locks that are tried each by itself
SINGLE = 3  # single limits of one rule that are tried each by itself
TARGET, FREE, RANGES = "target", "free", "ranges"
EDGES = (("down", "up"), ("low", "high"))  # parameters that a name in `ranges` replaces

Stated = tuple[Problem, Groups]
Path = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Change:
    """A number that may change: `at(k)` states everything with the number k steps away.

    Attributes
    ----------
    use, scope, source : the rule, its single limit where it is one, and the line it stands on.
    start, step, steps : the number now, the signed width of a step, and how many steps there are.
    state_with : problem and rules with another number.
    writes : the keys (below the rule; ``("target",)`` for the target) and what a scenario has to say there.
    name : the number in words.
    says : from where to where it goes, in words.
    switch : whether there is no number, only now and then.
    """

    use: RuleUse
    scope: str
    source: str
    start: Decimal
    step: Decimal
    steps: int
    state_with: Callable[[Decimal], Stated]
    writes: Callable[[Decimal], tuple[Path, Any]]
    name: str
    says: Callable[[Decimal], str]
    switch: bool = False

    @property
    def words(self) -> str:
        """What to do: raise it, lower it, free it."""
        return f"{'free' if self.switch else 'raise' if self.step > 0 else 'lower'} {self.name}"

    def value(self, k: int) -> Decimal:
        """The number after k steps: points of the grid, but for the start itself."""
        if k == 0:
            return self.start
        rounding = ROUND_FLOOR if self.step > 0 else ROUND_CEILING
        grid = abs(self.step)
        return (self.start / grid).to_integral_value(rounding) * grid + k * self.step

    def at(self, k: int) -> Stated:
        """Problem and rules with the number changed."""
        return self.state_with(self.value(k))

    def gap(self, proof: Proof, k: int) -> float:
        """What a proof still shows to be missing after k steps; minus infinity when it shows nothing there."""
        try:
            gap = proof.gap(*self.at(k))
        except InputError:
            return float("-inf")
        return float("-inf") if gap is None else float(gap)


def find_changes(problem: Problem, groups: Groups, clash: Proof) -> Iterator[Change]:
    """Every number that bears on the clash, in the direction that makes its gap smaller."""
    for k in dict.fromkeys(part.use for part in clash.parts):
        use = groups[k][0].use
        within = _Within(problem, groups, k, use)
        both = [[_target(problem, groups, use, sign) for sign in (1, -1)]] if use.name == "meet_target" else []
        both += [[within.number(path, value, sign) for sign in (1, -1)] for path, value in _numbers(use.parameters)]
        both += [[within.single(*one, sign) for sign in (1, -1)] for one in _singles(groups, k, use, clash)]
        for pair in both:
            yield from [change for change in pair if _helps(change, clash)][:1]
        if FREE in use.parameters:
            locks = list(_names(groups, k, clash))
            yield from (within.freed([lock], f"the lock of {lock[0]}") for lock in locks[:MANY])
            if len(locks) > 1:
                yield within.freed(locks, f"all {len(locks)} locks in the way")


def _helps(change: Change, clash: Proof) -> bool:
    """Whether a move of one per cent, or one as large as the number, makes the gap smaller."""
    now, before = change.at(0)[1], change.gap(clash, 0)
    whole = max(1, int(abs(change.start / change.step)))
    for k in (max(1, whole // 100), whole) if change.steps else ():
        then = change.at(min(k, change.steps))[1]
        if [len(group) for group in now] != [len(group) for group in then]:  # it states limits where there were none
            return False
        if change.gap(clash, min(k, change.steps)) < before:
            return True
    return False


def _target(problem: Problem, groups: Groups, use: RuleUse, sign: int) -> Change:
    """The scenario's target: all rules are stated again, because shares are parts of it."""
    raised = (1 + problem.overassignment) * problem.money / problem.unit
    step = problem.unit / problem.money
    start = (problem.without_relief / raised / step).to_integral_value(ROUND_HALF_EVEN) * step

    def state_with(value: Decimal) -> Stated:
        now = problem.with_target(int((value * raised).to_integral_value(ROUND_HALF_EVEN)))
        return now, [state(now, [group[0].use]) for group in groups]

    def says(value: Decimal) -> str:
        return f" by {number(abs(value - start))} to {number(value)}"

    room = _room(start, sign * step) - (sign < 0)  # a target is above 0
    writes = lambda value: ((TARGET,), value)  # noqa: E731
    return Change(use, "", use.source, start, sign * step, room, state_with, writes, "the target", says)


@dataclass(frozen=True)
class _Within:
    """Changes of parameters of one rule."""

    problem: Problem
    groups: Groups
    k: int
    use: RuleUse

    def restated(self, parameters: Mapping[str, Any]) -> Stated:
        """Everything, this rule with other parameters."""
        now = state(self.problem, [replace(self.use, parameters=parameters)])
        return self.problem, [now if k == self.k else group for k, group in enumerate(self.groups)]

    def number(self, path: Path, value: float | Decimal, sign: int) -> Change:
        """A number among the parameters, in lists and tables too."""
        use, kind, start = self.use, type(value), Decimal(str(value))
        money = kind is Decimal and start > 1 and path[0] != "shares"
        step = sign * (self.problem.unit / self.problem.money if money else RATIO)
        steps = _room(start, step) if money or kind is float else _room_of_share(start, step)
        name, in_list = ".".join((use.name, *path)), len(path) == 3
        if in_list:
            name = f"{name.rpartition('.')[0]} ({('low', 'high')[int(path[2])]} end)"

        def writes(value: Decimal) -> tuple[Path, Any]:
            if not in_list:
                return path, value
            pair = [Decimal(str(v)) for v in use.parameters[path[0]][path[1]]]
            return path[:2], [value if str(k) == path[2] else v for k, v in enumerate(pair)]

        label = path[1] if len(path) > 1 else ""
        return Change(
            use, label, use.places.get(label, use.source), start, step, steps,
            lambda v: self.restated(_set(use.parameters, path, kind(v))), writes,
            name, partial(_says, start, money),
        )  # fmt: skip

    def single(self, name: str, edges: tuple[str, str], side: int, sign: int) -> Change:
        """A range of its own for one name (a rep's growth): one edge moves, the other stays."""
        use, given = self.use, tuple(self.use.parameters[edge] for edge in edges)
        start = Decimal(str(given[side]))

        def pair(value: Decimal) -> tuple[Any, ...]:
            return tuple(type(given[k])(value) if k == side else given[k] for k in (0, 1))

        def writes(value: Decimal) -> tuple[Path, Any]:
            return (RANGES, name), [Decimal(str(v)) for v in pair(value)]

        return Change(
            use, name, use.source, start, sign * RATIO, _room(start, sign * RATIO),
            lambda v: self.restated(_set(use.parameters, (RANGES, name), pair(v))), writes,
            f"{use.name}.{edges[side]} of {name}", partial(_says, start, False),
        )  # fmt: skip

    def freed(self, locks: Sequence[tuple[str, str]], name: str) -> Change:
        """Locks (name and line) that need not stay."""
        freed = (*self.use.parameters[FREE], *(lock for lock, _ in locks))

        def state_with(value: Decimal) -> Stated:
            return self.restated({**self.use.parameters, FREE: freed}) if value else (self.problem, self.groups)

        scope, source = locks[0] if len(locks) == 1 else ("", self.use.source)
        return Change(
            self.use, scope, source, Decimal(0), Decimal(1), 1, state_with, lambda _: ((FREE,), list(freed)),
            name, lambda _: "", switch=True,
        )  # fmt: skip


def _numbers(parameters: Mapping[str, Any], at: Path = ()) -> Iterator[tuple[Path, float | Decimal]]:
    """Every finite number among parameters, by its path."""
    for name, value in parameters.items():
        path = (*at, str(name))
        if isinstance(value, (float, Decimal)) and Decimal(value).is_finite():
            yield path, value
        elif isinstance(value, Mapping):
            yield from _numbers(value, path)
        elif isinstance(value, (tuple, list)):
            yield from _numbers({str(k): v for k, v in enumerate(value)}, path)


def _singles(groups: Groups, k: int, use: RuleUse, clash: Proof) -> Iterator[tuple[str, tuple[str, str], int]]:
    """Names with a limit in the clash that may get a range of their own: those with the largest limits."""
    edges = next((pair for pair in EDGES if {*pair, RANGES} <= set(use.parameters)), None)
    for part in clash.parts if edges else ():
        if part.use != k or len(part.rows) < 2 or (found := part.find(groups)) is None:
            continue
        for row in np.argsort(-part.limits(*found), kind="stable")[:SINGLE].tolist():
            name, side = found[0].scope(int(found[1][row])), int(part.weight[row] < 0)
            if edges and name not in use.parameters[RANGES] and np.isfinite(use.parameters[edges[side]]):
                yield name, edges, side


def _names(groups: Groups, k: int, clash: Proof) -> Iterator[tuple[str, str]]:
    """Name and line of each of a rule's limits in the clash."""
    for part in clash.parts:
        if part.use == k and (found := part.find(groups)) is not None:
            yield from ((found[0].scope(row), found[0].source(row)) for row in found[1].tolist())


def _room(start: Decimal, step: Decimal) -> int:
    """How many steps a number may go: up to a multiple of itself, down to nothing."""
    return int((max(start, Decimal(1)) * FAR if step > 0 else start) / abs(step))


def _room_of_share(start: Decimal, step: Decimal) -> int:
    return int((1 - start if step > 0 else start) / abs(step))


def _set(value: Any, path: Path, new: Any) -> Any:
    """A copy of nested parameters with one of them replaced (or added)."""
    if not path:
        return new
    if isinstance(value, (tuple, list)):
        return tuple(_set(v, path[1:], new) if str(k) == path[0] else v for k, v in enumerate(value))
    return {**value, path[0]: _set(value.get(path[0], {}), path[1:], new)}


def _says(start: Decimal, money: bool, value: Decimal) -> str:
    ends = [number(v) if money else f"{v.normalize():f}" for v in (start, value)]
    return f" from {ends[0]} to {ends[1]}"
