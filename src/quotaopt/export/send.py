"""Export in several formats at once: all of them, or nothing at all."""

from __future__ import annotations

import inspect
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from quotaopt.archive import Run
from quotaopt.errors import Finding, InputError, UnknownNameError
from quotaopt.export._registry import Options, exports

Settings = Mapping[str, Mapping[str, Any]]
HIDE = "pseudonymise"


def read_settings(formats: Sequence[str], texts: Sequence[str], pseudonymise: bool = False) -> Settings:
    """The parameters of each format, from texts like ``period=quarter``; each goes to the formats that know it.

    Raises
    ------
    UnknownNameError
        If there is no such format, or no format knows a parameter.
    InputError
        With every value that does not fit, everything that is missing, and formats that must name people.
    """
    known = {name: exports.parameters(name) for name in formats}
    findings, settings = list[Finding](), {name: dict[str, Any]() for name in formats}
    for text in texts:
        key, mark, value = text.partition("=")
        key = key.strip()
        takers = [name for name in formats if key in known[name]]
        if not takers:
            raise UnknownNameError(f"option of {', '.join(formats)}", key, dict.fromkeys(chain(*known.values())))
        for name in takers:
            try:
                settings[name][key] = _parse(known[name][key].annotation, value.strip() if mark else "true")
            except ValueError as wrong:
                place = {"column": f"--option {key}", "value": value, "code": "option"}
                findings.append(Finding(str(wrong), **place))  # type: ignore[arg-type]
    for name, parameters in known.items():
        findings += _check(name, parameters, settings[name], pseudonymise)
    if findings:
        raise InputError(findings)
    return settings


def _check(name: str, parameters: Mapping[str, inspect.Parameter], given: dict[str, Any], hide: bool) -> list[Finding]:
    """What one format lacks; takes up the wish to hide people."""
    if hide and HIDE not in parameters:
        what = f"{name} must name people: its ids are what they are matched by"
        return [Finding(what, "Leave out --pseudonymise.", column=f"--to {name}", code="option")]
    if hide:
        given[HIDE] = True
    needed = [key for key, p in parameters.items() if p.default is inspect.Parameter.empty and key not in given]
    return [Finding(f"needs {key}", f"Add: --option {key}=…", column=f"--to {name}", code="option") for key in needed]


def _parse(kind: Any, text: str) -> Any:
    """A text as a parameter's type; ValueError says what is wrong."""
    if get_origin(kind) is Literal:
        if text not in get_args(kind):
            raise ValueError(f"is one of {', '.join(filter(None, get_args(kind)))}")
        return text
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError("is true or false")
        return text.lower() == "true"
    if kind is int:
        try:
            return int(text)
        except ValueError:
            raise ValueError("is a whole number") from None
    return text


def write_exports(run: Run, folder: Path, options: Options, settings: Settings) -> dict[str, list[Path]]:
    """Write a run in the formats that have settings; the files of each.

    Files get to `folder` when all are written and checked.

    Raises
    ------
    InputError
        With every problem of every format; nothing is written then.
    """
    findings, made = list[Finding](), dict[str, list[Path]]()
    with tempfile.TemporaryDirectory(prefix="quotaopt-") as home:
        for name, values in settings.items():
            try:
                made[name] = exports[name](run, Path(home), options, **values)
            except InputError as wrong:
                findings += wrong.findings
        if findings:
            raise InputError(dict.fromkeys(findings))
        folder.mkdir(parents=True, exist_ok=True)
        return {name: [Path(shutil.move(file, folder / file.name)) for file in files] for name, files in made.items()}
