"""A planning project: which scenario is meant when none is named, and how a new one is made."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path

from quotaopt.errors import Finding, InputError, nearest
from quotaopt.scenario import SET, Scenario, scenario_names
from quotaopt.text import encoding_of
from quotaopt.tomltext import set_key

FILE = "quotaopt.toml"
PARTS = ("models", "scenarios", FILE)
IGNORED = "runs/\nquotaopt-error.log\npseudonyms.key\n"


def choose_scenarios(project: Path, names: Sequence[str]) -> list[str]:
    """The scenarios named; else the project's default, written in ``quotaopt.toml``; else its only one.

    Raises
    ------
    InputError
        If there are several and none is named, with their names.
    """
    if names:
        return list(names)
    known = scenario_names(project)
    if default := default_scenario(project):
        return [default]
    if len(known) == 1:
        return known
    remedy = f"Name one: {', '.join(known)}." if known else "Write one: scenarios/NAME.toml."
    raise InputError([Finding("which scenario", remedy, code="scenario")])


def default_scenario(project: Path) -> str:
    """The scenario that ``quotaopt.toml`` names, or an empty text."""
    path = project / FILE
    if not path.is_file():
        return ""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise InputError([Finding(f"not valid TOML: {failure}", file=FILE, code="project")]) from failure
    findings = [_unknown_key(key) for key in values if key != "scenario"]
    if not isinstance(values.get("scenario", ""), str):
        findings.append(Finding("not a text", "Put it in quotes.", FILE, column="scenario", code="project"))
    if findings:
        raise InputError(findings)
    return str(values.get("scenario", ""))


def _unknown_key(key: str) -> Finding:
    near = nearest(key, ["scenario"])
    remedy = f"Did you mean {near!r}?" if near else "Known: scenario."
    return Finding("unknown key", remedy, FILE, column=key, code="project")


def example() -> Path:
    """The planning project that comes with quotaopt: package data, or the checkout's own."""
    here = Path(__file__).parent
    packed = here / "example"
    return packed if packed.is_dir() else here.parents[1]


def free_folder(folder: Path) -> None:
    """Raise `InputError` if something is in a folder already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError([Finding("is there already", "Name a new folder.", file=str(folder), code="project")])


def make_project(folder: Path) -> list[Path]:
    """Copy the example project to `folder`, and return the files made.

    Raises
    ------
    InputError
        If something is there already.
    """
    free_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = example() / part
        if source.is_dir():
            shutil.copytree(source, folder / part)
        else:
            shutil.copy(source, folder / part)
    (folder / ".gitignore").write_text(IGNORED, encoding="utf-8")
    return sorted(path for path in folder.rglob("*") if path.is_file())


def own_text(scenario: Scenario) -> str:
    """A scenario as it is written; with ``--set``, or when it lies elsewhere, the merged one."""
    path = scenario.root / "scenarios" / f"{scenario.name}.toml"
    here = scenario.source("target").startswith(f"scenarios/{scenario.name}.toml:")
    if not here or SET in scenario.origins.values():
        return scenario.to_toml(path.parent)
    raw = path.read_bytes()
    return raw.decode(encoding_of(raw)).replace("\r\n", "\n").removeprefix("\ufeff")


def scenario_text(name: str, like: Scenario, about: str) -> str:
    """The text of a new scenario: that of another with what it is about at its top; comments stay.

    Raises
    ------
    InputError
        If the name is taken, or is none.
    """
    place = f"scenarios/{name}.toml"
    if (like.root / place).exists():
        raise InputError([Finding("is there already", "Choose another name.", file=place, code="scenario")])
    if not re.fullmatch(r"[^\W.][\w.-]*", name):
        what = "not a name for a scenario"
        raise InputError([Finding(what, "Letters, digits, - and _.", value=name, code="scenario")])
    own = re.sub(r"\A(#[^\n]*\n)+", "", own_text(like)).lstrip("\n")
    return f"# {place} - {about}.\n{set_key(own, ('about',), about, f'made from {like.name}')}"


def new_scenario(name: str, like: Scenario) -> Path:
    """Write ``scenarios/NAME.toml``, like another scenario, to be changed; the file."""
    path = like.root / "scenarios" / f"{name}.toml"
    path.write_text(scenario_text(name, like, f"like {like.name}"), encoding="utf-8", newline="\n")
    return path
