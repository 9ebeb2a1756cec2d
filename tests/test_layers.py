"""Imports go down only, and heavy packages are imported where the map allows: read from the source."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import quotaopt

ROOT = Path(quotaopt.__file__).parent
LAYERS = [
    {"quotaopt", "errors", "columns", "registry", "text"},
    {
        "tables",
        "places",
        "workdays",
        "scenario",
        "settings",
        "values",
        "tomltext",
        "advice",
    },
    {"forecast", "capacity", "attrition", "workload", "market", "presence", "leave", "grouping", "problem"},
    {"optimize", "rules", "goals", "plan"},
    {
        "adopt",
        "allocate",
        "byhand",
        "ledgers",
        "managers",
        "decisions",
        "decisions_record",
        "prepare",
        "tree",
        "nodes",
        "node_table",
        "money",
        "feasibility",
        "pay",
        "people",
        "policy",
        "record",
        "archive",
        "run",
        "apart",
        "batch",
        "frozen",
        "index",
        "why",
        "memory",
        "crosscheck",
        "recheck",
        "case",
        "check",
        "review",
        "mend",
        "compare",
        "project",
        "seats",
        "templates",
        "sensitivity",
        "pseudonyms",
        "measures",
        "promise",
        "simulate",
        "backtest",
    },
    {"report", "export"},
    {"cli", "__main__"},
]
ALLOWED = {
    "click": {"cli"},
    "sklearn": {"forecast"},
    "pulp": {"optimize/solvers_pulp", "optimize/solvers"},
    "highspy": {"optimize/solvers_highs", "optimize/solvers"},
    "pydantic": {
        "settings",
        "values",
        "scenario",
        "advice",
        "policy",
        "sensitivity/whatif",
    },
    "holidays": {"workdays"},
    "rich": {"report"},
    "python_calamine": {"tables/workbook"},
    "duckdb": {"tables/database", "tables/large", "export/long"},
    "sqlalchemy": {"tables/database"},
    "openpyxl": {"report/mark"},
    "xlsxwriter": {"export", "templates", "managers/books"},
}
HEAVY = ("pandas", "numpy", "scipy", "sklearn", "pydantic", "rich", "pulp", "highspy", "holidays")
MODULES = sorted(ROOT.rglob("*.py"))


def room(name: str) -> str:
    """The part of the map a module belongs to: ``quotaopt.optimize.rows`` lives in ``optimize``."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def layer(name: str) -> int:
    own = room(name)
    found = [level for level, rooms in enumerate(LAYERS) if own in rooms]
    assert found, f"{name} is not on the map: add {room(name)!r} to its layer"
    return found[0]


def module_name(path: Path) -> str:
    parts = ("quotaopt", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Every module that is imported anywhere in the file, except for type checking only."""
    found: set[str] = set()
    todo: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= (
                {f"{node.module}.{name.name}" for name in node.names} if node.module == "quotaopt" else {node.module}
            )
        todo.extend(ast.iter_child_nodes(node))
    return found


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_go_down_only(path: Path) -> None:
    name = module_name(path)
    for imported in imports(path):
        if imported.split(".")[0] == "quotaopt" and imported != "quotaopt.__version__":
            assert layer(imported) <= layer(name), f"{name} imports {imported}"


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_heavy_packages_are_imported_where_the_map_allows(path: Path) -> None:
    name = module_name(path).removeprefix("quotaopt.").replace(".", "/")
    for imported in {i.split(".")[0] for i in imports(path)} & set(ALLOWED):
        allowed = ALLOWED[imported]
        name = re.sub(r"^settings_\w+$", "settings", name)
        assert name in allowed or name.split("/")[0] in allowed, f"{name} imports {imported}"


@pytest.mark.parametrize("arguments", [["-h"], ["--version"], ["run", "-h"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from quotaopt.cli import main; code = main(sys.argv[1:]); "
        f"loaded = set(sys.modules) & set({HEAVY!r}); sys.exit(str(loaded) if loaded else code)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_modules_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
