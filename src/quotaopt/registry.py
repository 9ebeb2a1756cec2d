"""Names that scenario files may use, and the functions behind them.

Four registries: forecasters, rules, goals, solvers. Adding one is writing one function and decorating it;
its parameters, their defaults and types are read from the signature, its help from the docstring.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from quotaopt.errors import UnknownNameError

F = TypeVar("F", bound=Callable[..., Any])


class Registry(Generic[F]):
    """An ordered mapping from a name to a function, with near-miss errors.

    Use it as a decorator::

        rule = Registry("rule")

        @rule
        def meet_target(problem, total): ...
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._functions: dict[str, F] = {}

    def __call__(self, function: F) -> F:
        """Register `function` under its own name and return it unchanged."""
        return self.add(function.__name__, function)

    def add(self, name: str, function: F) -> F:
        """Register `function` under `name`; a second function of the same name is a bug."""
        if name in self._functions:
            raise ValueError(f"{self.kind} {name!r} is registered twice")
        self._functions[name] = function
        return function

    def __getitem__(self, name: str) -> F:
        if name not in self._functions:
            raise UnknownNameError(self.kind, name, self._functions)
        return self._functions[name]

    def __contains__(self, name: object) -> bool:
        return name in self._functions

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def about(self, name: str) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self[name]) or "").partition("\n")[0]

    def parameters(self, name: str) -> dict[str, inspect.Parameter]:
        """Keyword-only parameters: exactly what a scenario file may set."""
        found = inspect.signature(self[name], eval_str=True).parameters.values()
        return {p.name: p for p in found if p.kind is p.KEYWORD_ONLY}
