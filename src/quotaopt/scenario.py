"""Load a scenario: merge defaults < model < scenario < ``--set``, and remember where each value was written.

Tables merge, everything else replaces; ``rules.X = false`` drops a rule. Data paths are relative to the file that
wrote them. All problems of all files are reported at once, each with its file and line.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from quotaopt.advice import explain_error, explain_syntax, find_source
from quotaopt.errors import Finding, InputError, nearest, split_place
from quotaopt.places import Place, anchor_place, relative_place, show_place
from quotaopt.settings import Settings
from quotaopt.settings.data import FILES
from quotaopt.text import encoding_of
from quotaopt.tomltext import find_lines, parse_toml, write_toml

SET = "--set"


@dataclass(frozen=True)
class Scenario:
    """One scenario after merging.

    Attributes
    ----------
    name : as in ``scenarios/NAME.toml``.
    root : the project folder.
    settings : every value.
    origins : where each value was written, by dotted key: ``scenarios/x.toml:6`` or ``--set``.
    """

    name: str
    root: Path
    settings: Settings
    origins: Mapping[str, str]

    def source(self, *path: str) -> str:
        """Where a key, or else its nearest parent, was written; ``default`` when nowhere."""
        return find_source(self.origins, ".".join(path))

    def show(self, place: Place) -> str:
        """A data file or database as people read it: relative to the project when inside it."""
        return show_place(place, self.root)

    def to_toml(self, folder: Path | None = None) -> str:
        """The merged scenario as text that runs again from inside `folder` (a run folder when not given)."""
        at = folder or self.root / "runs" / self.name
        data = self.settings.model_dump(exclude={"model"})
        data["data"] |= {k: [relative_place(p, at) for p in data["data"][k]] for k in FILES}
        data["calendar"] = _calendar(self.settings, lambda place: relative_place(place, at))
        head = f"# {self.name}: the merged scenario" + f" (model {self.settings.model})" * bool(self.settings.model)
        return f"{head}. Paths are relative to this file.\n{write_toml(data)}"


def flatten(scenario: Scenario) -> dict[str, Any]:
    """Every value by its dotted key, in a fixed order; data files as paths inside the project."""
    data = scenario.settings.model_dump()
    data["data"] |= {k: [scenario.show(p) for p in data["data"][k]] for k in FILES}
    data["calendar"] = _calendar(scenario.settings, scenario.show)
    return dict(_leaves(data))


def _calendar(settings: Settings, write: Callable[[Place], str]) -> str:
    """The calendar's country, or its file as `write` puts it."""
    return settings.calendar if isinstance(settings.calendar, str) else write(settings.calendar)


def find_project(start: Path) -> Path:
    """The planning project `start` lies in: walks up to ``quotaopt.toml``, ``scenarios/*.toml`` or ``models/*.toml``.

    Raises
    ------
    InputError
        If there is none.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "quotaopt.toml").is_file() or any(_names(folder, kind) for kind in ("scenarios", "models")):
            return folder
    remedy = "Make one with: quotaopt init DIR, or name it with -C DIR."
    raise InputError([Finding("no planning project here or above", remedy, file=str(start), code="project")])


def scenario_names(project: Path) -> list[str]:
    """Names of the scenarios of a project, sorted."""
    return _names(project, "scenarios")


def load_scenario(name_or_path: str, project: Path, sets: Sequence[str] = ()) -> Scenario:
    """Load a scenario by name, or from a path (a run folder's ``scenario.toml`` too).

    Parameters
    ----------
    sets : overrides like ``rules.limit_change.up=1.5``; the value is TOML, a bare word is text.

    Raises
    ------
    InputError
        With every problem found in the scenario, its model and the overrides.
    """
    project = project.resolve()
    path = _scenario_path(name_or_path, project)
    layers = [_Layer.read(path, project), _Layer.from_sets(sets, project)]
    naming = layers[1] if "model" in layers[1].data else layers[0]
    if model := naming.data.get("model"):
        layers.insert(0, _Layer.read(_named_path(str(model), project, "models", naming), project))
    merged: dict[str, Any] = {"rules": dict(Settings.model_fields["rules"].default), "data": {}}
    origins: dict[str, str] = {}
    for layer in layers:
        _merge(merged, layer.data, origins, layer.lines)
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as failure:
        found = [explain_error(error, origins, show_place(path, project)) for error in failure.errors()]
        raise InputError(sorted(found, key=lambda f: (f.file, f.line or 0))) from None
    return Scenario(_name_of(path), project, settings, origins)


@dataclass(frozen=True)
class _Layer:
    """One file, or all ``--set``: its data with data paths made absolute, and where each key was written."""

    data: dict[str, Any]
    lines: Mapping[str, str]
    place: str

    @classmethod
    def read(cls, path: Path, project: Path) -> _Layer:
        place = show_place(path, project)
        raw = path.read_bytes()
        text = raw.decode(encoding_of(raw), errors="replace").replace("\r\n", "\n")
        try:
            data = parse_toml(text)
        except tomllib.TOMLDecodeError as failure:
            raise InputError([explain_syntax(str(failure), text, place)]) from None
        lines = {".".join(key): f"{place}:{line}" for key, line in find_lines(text).items()}
        return cls(_anchor(data, path.parent), lines, place)

    @classmethod
    def from_sets(cls, sets: Sequence[str], project: Path) -> _Layer:
        data: dict[str, Any] = {}
        for text in sets:
            key, _, value = text.partition("=")
            _merge(data, _parse_set(key.strip(), value.strip(), text), {}, {})
        lines = {key: SET for key, _ in _leaves(data)}
        return cls(_anchor(data, project), lines, SET)


def _parse_set(key: str, value: str, whole: str) -> dict[str, Any]:
    for attempt in (value, write_toml({"v": value}).partition(" = ")[2].strip()):
        try:
            return parse_toml(f"{key} = {attempt}")
        except tomllib.TOMLDecodeError:
            continue
    raise InputError([Finding("not KEY=VALUE", "Write --set target=50_000_000.", file=SET, value=whole, code="set")])


def _anchor(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """`data` with its data files' paths made absolute; anything that is no path is left for the check to name."""
    calendar, section = data.get("calendar"), data.get("data")
    if isinstance(calendar, str) and set(calendar) & {".", "/"}:
        data["calendar"] = Path(os.path.normpath(folder / calendar))
    if isinstance(section, dict):
        for key in set(FILES) & set(section):
            value = section[key]
            if isinstance(value, str):
                section[key] = anchor_place(value, folder)
            elif isinstance(value, list):
                section[key] = [anchor_place(v, folder) if isinstance(v, str) else v for v in value]
    return data


def _merge(into: dict[str, Any], new: Mapping[str, Any], origins: dict[str, str], lines: Mapping[str, str]) -> None:
    """Merge `new` into `into`; a value that is replaced loses the origins of all that was below it."""
    for key, value in _leaves(new):
        for old in [o for o in origins if value != {} and o.startswith(f"{key}.")]:
            del origins[old]
    origins.update(lines)
    _merge_tables(into, new)


def _merge_tables(into: dict[str, Any], new: Mapping[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            into[key] = dict(into[key])
            _merge_tables(into[key], value)
        else:
            into[key] = value


def _leaves(data: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{at}{key}.")
        else:
            yield f"{at}{key}", value


def _names(project: Path, kind: str) -> list[str]:
    return sorted(p.stem for p in (project / kind).glob("*.toml"))


def _scenario_path(name: str, project: Path) -> Path:
    """The scenario's file: by name, or by a path from here or from the project; a run folder holds its own."""
    if name in _names(project, "scenarios") or not ("/" in name or os.sep in name or name.endswith(".toml")):
        return _named_path(name, project, "scenarios")
    for path in (Path(name), Path(name) / "scenario.toml", project / name, project / name / "scenario.toml"):
        if path.is_file():
            return path.resolve()
    raise InputError([Finding("no such file", f"Scenarios: {', '.join(scenario_names(project))}.", file=name)])


def _named_path(name: str, project: Path, kind: str, written: _Layer | None = None) -> Path:
    """``kind/NAME.toml``; when it is not there, a problem with the nearest name and the list."""
    names = _names(project, kind)
    if name in names:
        return project / kind / f"{name}.toml"
    near = nearest(name, names)
    remedy = (f"Did you mean {near!r}? " if near else "") + f"{kind.capitalize()}: {', '.join(names) or 'none yet'}."
    file, line = split_place(find_source(written.lines, "model")) if written else ("", None)
    raise InputError(
        [Finding(f"no {kind[:-1]} {name!r}", remedy, file, line, column="model" if written else "", code=kind[:-1])]
    )


def _name_of(path: Path) -> str:
    """A scenario is called by its file; the merged one in a run folder by the run it made."""
    run = re.fullmatch(r"\d{4}-\d\d-\d\d-(.+)-\d+", path.parent.name)
    return run[1] if run and path.name == "scenario.toml" else path.stem
