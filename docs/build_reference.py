"""Write ``docs/reference.md`` from the code: commands, scenario keys, rules, goals, forecasters, files out.

Run it with ``python docs/build_reference.py``; a test fails when the page is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel

from quotaopt import columns as c
from quotaopt.cli import COMMON, cli
from quotaopt.report.names import name_table
from quotaopt.report.settings import toml_value
from quotaopt.settings import Settings

PAGE = Path(__file__).with_name("reference.md")
TABLES = {
    "quotas.csv": ("One row per rep × product × month; only when a plan exists.", c.QUOTAS),
    "totals.csv": ("The same, summed; only when a plan exists.", c.TOTALS),
    "forecast.csv": ("What a fully ramped, full-time rep would sell.", c.FORECAST),
    "capacity.csv": ("What each rep can carry.", c.CAPACITY),
    "accuracy.csv": ("Errors of every forecaster in the back-tests.", c.ACCURACY),
    "rules.csv": ("Every row of every rule, and how far it is from its limit.", c.RULES),
    "goals.csv": ("What was aimed for, in order.", c.GOALS),
    "fairness.csv": ("Every rep's level, and what keeps it from its peers'.", c.FAIRNESS),
    "measures.csv": ("The plan in a handful of numbers.", c.MEASURES),
    "conflicts.csv": ("Why there is no plan; only when none exists.", c.CONFLICTS),
    "solvers.csv": ("With two or more `--solver`: do they agree?", c.SOLVERS),
    "warnings.csv": ("What was noticed in the input.", c.WARNINGS),
}


def reference() -> str:
    """The whole page."""
    return "\n".join([
        "# Reference",
        "",
        "Made by `docs/build_reference.py` from the code; do not edit.",
        *commands(), *keys(), *names(), *tables(),
        "",
    ])  # fmt: skip


def commands() -> Iterator[str]:
    yield "\n## Commands\n"
    yield "Every command takes: " + ", ".join(f"`{flag}`" for flag in common_flags()) + "."
    for name, command in sorted(cli.commands.items()):
        arguments = " ".join(p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument))
        yield f"\n### `{' '.join(filter(None, ('quotaopt', name, arguments)))}`"
        yield f"\n{command.help}\n"
        for option in command.params:
            if isinstance(option, click.Option) and not set(option.opts) & set(common_flags()):
                yield f"- `{' '.join(option.opts)}`: {option.help}"


def common_flags() -> list[str]:
    found = click.Command("any", callback=lambda: None)
    for option in COMMON:
        found = option(found)
    return [flag for p in reversed(found.params) for flag in p.opts if flag.startswith("--")]


def keys() -> Iterator[str]:
    yield "\n## Scenario and model keys\n"
    yield "The same keys may stand in `models/NAME.toml` and in `scenarios/NAME.toml`; the scenario wins, `--set` wins over both.\n"
    yield "| key | default |\n|---|---|"
    yield from section_keys(Settings, "")


def section_keys(model: type[BaseModel], at: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from section_keys(kind, f"{at}{name}.")
        else:
            default = "**required**" if field.is_required() else f"`{toml_value(field.default)}`"
            yield f"| `{at}{name}` | {default} |"


def names() -> Iterator[str]:
    for kind, title in (("rules", "Rules"), ("goals", "Goals"), ("forecasters", "Forecasters")):
        yield f"\n## {title}\n"
        for row in name_table(kind).to_dict("records"):
            parameters = f" Parameters: `{row['parameters']}`." if row["parameters"] else ""
            yield f"- **`{row['name']}`**: {row['about']}{parameters}"


def tables() -> Iterator[str]:
    yield "\n## Files of a run\n"
    yield "Beside them: `scenario.toml`, the merged scenario, which runs again; `run.json`, how the run was made; and"
    yield "`datapackage.json`, the types of all columns for other programs."
    for name, (about, columns) in TABLES.items():
        yield f"\n### `{name}`\n\n{about}\n\n| column | type | what |\n|---|---|---|"
        yield from (f"| `{column.name}` | {column.type} | {column.about} |" for column in columns)


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
