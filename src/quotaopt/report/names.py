"""What `quotaopt list` prints: all that a scenario may name, and the formats of exports."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.registry import Registry
from quotaopt.report.settings import toml_value


def name_table(kind: str) -> pd.DataFrame:
    """Name, one line and parameters with their defaults; for solvers the version installed here."""
    if kind == "solvers":
        return _solver_table()
    registry = _registry(kind)
    rows = [(name, registry.about(name), _parameters(registry, name)) for name in registry]
    return pd.DataFrame(rows, columns=["name", "about", "parameters"])


def _registry(kind: str) -> Registry[Any]:
    if kind == "rules":
        from quotaopt.rules import rule

        return rule
    if kind == "goals":
        from quotaopt.goals import goal

        return goal
    if kind == "exports":
        from quotaopt.export import exports

        return exports
    from quotaopt.forecast import forecasters

    return forecasters


def _parameters(registry: Registry[Any], name: str) -> str:
    return ", ".join(f"{p.name} = {_shown(p)}" for p in registry.parameters(name).values())


def _shown(parameter: inspect.Parameter) -> str:
    """The default as a scenario file would write it."""
    return "…" if parameter.default is inspect.Parameter.empty else toml_value(parameter.default)


def _solver_table() -> pd.DataFrame:
    from quotaopt.optimize.solvers import about, installed, solvers

    here = installed()
    rows = [(name, here.get(name, "not installed"), about(name)) for name in solvers]
    return pd.DataFrame(rows, columns=["name", "version", "about"])


def name_report(table: pd.DataFrame) -> Iterator[RenderableType]:
    """Names with their line; the parameters, where there are some, below."""
    width = max(table["name"].str.len())
    for row in table.to_dict("records"):
        version = f"[{row['version']}] " if "version" in row else ""
        yield Text.assemble((f"{row['name']:<{width}}", "bold"), f"  {version}{row['about']}")
        if row.get("parameters"):
            yield Text(f"{'':<{width}}  {row['parameters']}", style="dim")
