"""What `quotaopt show`, `diff` and `init` print."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.report.render import each, grid
from quotaopt.scenario import Scenario, flatten
from quotaopt.tomltext import write_toml


def setting_table(scenario: Scenario) -> pd.DataFrame:
    """Every key of the merged scenario with its value, as TOML, and where that was written."""
    rows = [(key, toml_value(value), _origin(scenario, key)) for key, value in flatten(scenario).items()]
    return pd.DataFrame(rows, columns=["key", "value", "origin"])


def _origin(scenario: Scenario, key: str) -> str:
    """Where exactly this key, or the first part of its value, was written; ``default`` when nowhere."""
    parts = (place for name, place in scenario.origins.items() if name.startswith(f"{key}."))
    return scenario.origins.get(key) or next(parts, "default")


def toml_value(value: object) -> str:
    """A value as a scenario file would write it."""
    return write_toml({"v": value}).partition(" = ")[2].strip() or "{}"


def origin_report(scenario: Scenario) -> Iterator[RenderableType]:
    """One line per key, with its origin as a comment."""
    lines = [(f"{row.key} = {row.value}", row.origin) for row in setting_table(scenario).itertuples()]
    width = min(max(len(line) for line, _ in lines), 60)
    for line, origin in lines:
        yield Text.assemble(f"{line:<{width}}", (f"  # {origin}", "dim"))


def diff_table(a: Scenario, b: Scenario) -> pd.DataFrame:
    """The keys whose values differ; empty where a scenario does not have the key."""
    first = setting_table(a).rename(columns={"value": "a", "origin": "origin_a"})
    second = setting_table(b).rename(columns={"value": "b", "origin": "origin_b"})
    both = first.merge(second, on="key", how="outer").fillna("")
    return both.loc[both["a"] != both["b"], ["key", "a", "b", "origin_a", "origin_b"]].reset_index(drop=True)


def diff_report(a: Scenario, b: Scenario, table: pd.DataFrame) -> Iterator[RenderableType]:
    """The differing keys side by side."""
    if not len(table):
        yield f"{a.name} and {b.name} are the same."
        return
    body = [(row.key, row.a, row.b) for row in each(table)]
    yield grid(["key", a.name, b.name], body, right=(), wrap=(1, 2))


def made_table(folder: Path, files: list[Path]) -> pd.DataFrame:
    """The files of a new project."""
    return pd.DataFrame({"file": [path.relative_to(folder).as_posix() for path in files]})


def init_report(folder: Path, table: pd.DataFrame) -> Iterator[RenderableType]:
    """What was made, and the next step."""
    yield Text.assemble(("Made   ", "bold"), f"{folder}, {len(table)} files")
    for name in table["file"]:
        yield f"       {name}"
    yield Text.assemble(("Next   ", "bold"), f"cd {folder} && quotaopt run")
