"""Write what the docs take from the code: ``docs/reference.md``, and the output shown in ``README.md``.

Run it with ``python docs/build.py``; a test fails when either is stale.
"""

from __future__ import annotations

import inspect
import io
import re
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from textwrap import indent

import click
from pydantic import BaseModel

from quotaopt import columns as c
from quotaopt.cli import COMMON, cli, main
from quotaopt.columns import export as e
from quotaopt.columns import metrics as m
from quotaopt.columns import people as p
from quotaopt.columns import tree as t
from quotaopt.columns import why as w
from quotaopt.columns.hand import ACCOUNTS, COMMITS, LOCAL, OVERLAY, OVERRIDES, POTENTIAL, UNITS, WINDFALL
from quotaopt.columns.quality import INVERSIONS, QUOTA_TEST, SIMULATION
from quotaopt.report.names import name_table
from quotaopt.report.settings import toml_value
from quotaopt.settings import NAME, Settings, is_named, section_of

ROOT = Path(__file__).parents[1]
PAGE, README = ROOT / "docs/reference.md", ROOT / "README.md"
TABLES = {
    "quotas.csv": ("One row per rep × product × month; only when a plan exists.", c.QUOTAS),
    "totals.csv": ("The same, summed; only when a plan exists.", c.TOTALS),
    "nodes.csv": ("Every node of both trees; only with [tree], [hedge] or targets of nodes.", t.NODES),
    "metrics.csv": ("One row per metric; only with [metrics].", m.METRICS),
    "metric_quotas.csv": ("The quotas of every other metric that is a sum.", m.METRIC_QUOTAS),
    "levels.csv": ("Metrics that are levels: one row per node.", m.LEVELS),
    "forecast.csv": ("What a fully ramped, full-time rep would sell.", c.FORECAST),
    "capacity.csv": ("What each rep can carry.", c.CAPACITY),
    "outlook.csv": ("What company, regions and reps will sell over the plan, each with its own range.", c.OUTLOOK),
    "vacant.csv": ("What nobody is there to sell; only when there is some.", c.VACANT),
    "leave.csv": ("Leave that relieves somebody, and who carries it; only when there is some.", p.LEAVE),
    "uncovered.csv": ("Quota of vacant seats, month by month; only when there are some.", p.UNCOVERED),
    "excluded.csv": ("Who has no target, and why; only when there is somebody.", p.EXCLUDED),
    "fenced.csv": ("One-off orders that were cut for the forecast; only when there are some.", c.FENCED),
    "windfall.csv": ("Deals left out of history, or cut; only when there are some.", WINDFALL),
    "floored.csv": ("Months with more returns than sales, forecast zero; only when there are some.", c.FLOORED),
    "accuracy.csv": ("Errors of every forecaster in the back-tests.", c.ACCURACY),
    "backtest.csv": ("Of `forecast --backtest` only: mean and ranges, level by level, origin by origin.", c.BACKTEST),
    "rules.csv": ("Every row of every rule, and how far it is from its limit.", c.RULES),
    "explain.csv": ("Of `explain --all-reps` only: the steps to every rep's quota.", w.EXPLAIN),
    "goals.csv": ("What was aimed for, in order.", c.GOALS),
    "fairness.csv": ("Every rep's level, and what keeps it from its peers'.", c.FAIRNESS),
    "measures.csv": ("The plan in a handful of numbers.", c.MEASURES),
    "inversions.csv": (
        "Reps with more of everything than a peer, and a lower quota; only when there are some.",
        INVERSIONS,
    ),
    "overrides.csv": ("What was decided by hand beside what was computed; only with `data.overrides`.", OVERRIDES),
    "commits.csv": ("Target less commitment, by node and one by one; only with `data.commits`.", COMMITS),
    "overlay.csv": ("What overlay reps carry, counted in no other table; only when there are some.", OVERLAY),
    "accounts.csv": ("The quotas by account; only with `accounts.largest`.", ACCOUNTS),
    "potential.csv": ("History and the market's potential, weighed; only where potentials are known.", POTENTIAL),
    "local.csv": ("Quotas in the reps' own currencies; only where the roster names some.", LOCAL),
    "units.csv": ("Quotas in units; only for products with a price.", UNITS),
    "simulation.csv": ("Of `simulate --out` only: what plans may bring.", SIMULATION),
    "quota_test.csv": ("Of `backtest --out` only: past totals divided again.", QUOTA_TEST),
    "conflicts.csv": ("Why there is no plan; only when none exists.", c.CONFLICTS),
    "solvers.csv": ("With two or more `--solver`: do they agree?", c.SOLVERS),
    "master.csv": (
        "Of `export --to master` and `--to parquet` only: every quota with all that is known of it.",
        e.LONG,
    ),
    "warnings.csv": ("What was noticed in the input.", c.WARNINGS),
}


def reference() -> str:
    """The whole page."""
    return "\n".join([
        "# Reference",
        "",
        "Made by `docs/build.py` from the code; do not edit.",
        *commands(), *keys(), *names(), *tables(),
        "",
    ])  # fmt: skip


def commands() -> Iterator[str]:
    yield "\n## Commands\n"
    yield "Every command takes: " + ", ".join(f"`{flag}`" for flag in common_flags()) + "."
    for name, command in sorted(cli.commands.items()):
        arguments = " ".join(
            p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument)
        )
        yield f"\n### `{' '.join(filter(None, ('quotaopt', name, arguments)))}`"
        # Since Python 3.13 docstrings come without their indent.
        text = inspect.cleandoc(command.help or "")
        yield "\n" + re.sub(r"\x08\n((?:.+\n?)+)", lambda found: indent(found[1], "    "), text) + "\n"
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
    yield "The same keys may stand in `models/NAME.toml` and in `scenarios/NAME.toml`."
    yield "The scenario wins over the model, `--set` over both.\n"
    yield "| key | default |\n|---|---|"
    yield from section_keys(Settings, "")


def section_keys(model: type[BaseModel], at: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if section := section_of(field):
            yield from section_keys(section, f"{at}{name}.{NAME}." if is_named(field) else f"{at}{name}.")
        else:
            default = "**required**" if field.is_required() else f"`{toml_value(field.default)}`"
            yield f"| `{at}{name}` | {default} |"


def names() -> Iterator[str]:
    for kind, title in (
        ("rules", "Rules"),
        ("goals", "Goals"),
        ("forecasters", "Forecasters"),
        ("exports", "Export formats"),
    ):
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


def example_output() -> str:
    """What the first command prints for the example, as if run in the checkout."""
    page = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n")
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(page):
        main(["run", "-C", str(ROOT), "--out", folder])
    page.seek(0)
    return re.sub(r"^Saved   .*/", "Saved   runs/", page.read(), flags=re.MULTILINE)


def readme(output: str) -> str:
    """The README with this output in its first plain block."""
    text = README.read_text(encoding="utf-8")
    return re.sub(r"(?<=\n\n```\n).*?(?=```\n)", lambda _: output, text, count=1, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    README.write_text(readme(example_output()), encoding="utf-8")
