"""Scenario files that carry out the repairs of a plan that cannot be: one file for each change that is enough."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from quotaopt.errors import InputError
from quotaopt.optimize.repairs import Repair
from quotaopt.places import relative_place
from quotaopt.policy import rule_tables
from quotaopt.project import own_text
from quotaopt.scenario import Scenario, load_scenario
from quotaopt.tables import write_csv
from quotaopt.tomltext import set_key

MARK = "# repaired: "


def write_repairs(scenario: Scenario, repairs: Iterable[Repair]) -> list[tuple[Path, str]]:
    """Write ``scenarios/NAME-repair-K.toml`` for each change that is enough alone.

    Each is the scenario's own text with the one key changed; new seats are rows of a second roster file beside it. A
    file of that name that is not ours is left alone.

    Returns
    -------
    files and what each changes.
    """
    folder, written, number = scenario.root / "scenarios", list[tuple[Path, str]](), 0
    for repair in repairs:
        if not repair.enough:
            continue
        number += 1
        while not _ours(path := folder / f"{scenario.name}-repair-{number}.toml"):
            number += 1
        keys, value = _write_seats(scenario, repair, path) if repair.roster else _place(scenario, repair)
        text = set_key(own_text(scenario), keys, value, repair.text)
        path.write_text(f"{MARK}{scenario.name} - {repair.text}\n{text}", encoding="utf-8")
        try:
            load_scenario(path.stem, scenario.root)
        except InputError:  # the key is tied to others, as amounts that must add up
            path.unlink()
            _seats_of(path).unlink(missing_ok=True)
        else:
            written.append((path, repair.text))
    return written


def _ours(path: Path) -> bool:
    """Whether the path is free, or a file that was written here."""
    if not path.exists():
        return not _seats_of(path).exists()
    return path.read_text(encoding="utf-8", errors="replace").startswith(MARK)


def _seats_of(path: Path) -> Path:
    """The second roster file of a repaired scenario."""
    return path.with_name(f"{path.stem}-seats.csv")


def _write_seats(scenario: Scenario, repair: Repair, path: Path) -> tuple[tuple[str, ...], list[str]]:
    """Write the new rows of the roster; the key that names all roster files, and what it has to say."""
    data, file = scenario.settings.data, _seats_of(path)
    write_csv(pd.DataFrame(repair.roster), file, "utf-8-sig" if data.encoding == "auto" else data.encoding)
    return repair.path, [relative_place(roster, path.parent) for roster in (*data.roster, file)]


def _place(scenario: Scenario, repair: Repair) -> tuple[tuple[str, ...], Any]:
    """The keys a repair writes, and what: below its rule, unless that stands in a list or is not written at all."""
    if repair.path == ("target",):
        return repair.path, repair.given
    name, rules = repair.rule, scenario.settings.rules
    tables = [(number, given) for one, number, given in rule_tables(scenario.settings) if one == name]
    if isinstance(rules.get(name), list):  # lists replace each other: write all of it
        sources = [scenario.source("rules", name, *number) for number, _ in tables]
        mine = sources.index(repair.rule_source)
        return ("rules", name), [_put(given, repair, k == mine) for k, (_, given) in enumerate(tables)]
    if name not in rules:  # by_region and by_product are rules too
        return ("rules", name), _put(tables[0][1], repair, True)
    return ("rules", name, *repair.path), repair.given


def _put(given: dict[str, Any], repair: Repair, mine: bool) -> dict[str, Any]:
    """The table of a rule with the repair in it."""
    if not mine:
        return given
    key, *below = repair.path
    return {**given, key: {**given.get(key, {}), below[0]: repair.given} if below else repair.given}
