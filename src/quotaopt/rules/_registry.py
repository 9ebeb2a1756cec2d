"""The registry that rules add themselves to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from quotaopt.optimize.rows import Rows
from quotaopt.registry import Registry

Rule: TypeAlias = Callable[..., Iterator[Rows]]

rule: Registry[Rule] = Registry("rule")
