"""Runs told without names: every rep's id and name give way to a pseudonym that stays the same from run to run.

A pseudonym is a keyed hash of the rep's id (BLAKE2, RFC 7693). The key is made once and stays in the project: without
it nobody can find out who is meant by hashing ids, with it everybody can.
"""

from __future__ import annotations

import re
import secrets
from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quotaopt.archive import Run

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

KEY = "pseudonyms.key"
LENGTH = 8  # characters of five bits: two of 1,000 reps share one in 1 of 2 million projects
WITHHELD = "…"
PEOPLE = {"totals": "key", "outlook": "key", "excluded": "rep_id", "uncovered": "rep_id", "vacant": "holder"}
IDS = ("rep_id", "holder")
NAMES = ("rep_name",)
PLAIN = (
    "run_id",
    "scenario",
    "region",
    "team",
    "manager",
    "product_id",
    "peer_group",
    "period",
    "period_start",
    "period_end",
    "month",
    "currency",
    "level",
    "method",
    "limited_by",
    "rule",
    "sense",
    "source",
    "goal",
    "measure",
    "unit",
    "better",
    "severity",
    "code",
    "file",
    "column",
    "solver",
    "version",
    "status",
    "from",
    "to",
    "kind",
)  # what never names a rep; every other text is searched


def read_key(project: Path) -> bytes:
    """The project's key, made at the first use."""
    path = project / KEY
    if not path.exists():
        path.write_text(secrets.token_hex(16) + "\n", encoding="ascii")
        path.chmod(0o600)
    return path.read_text(encoding="ascii").strip().encode()


def pseudonym(key: bytes, rep: str) -> str:
    """What stands for a rep: ``p-7k3qx2ma``."""
    return "p-" + b32encode(blake2b(rep.encode(), key=key[:64]).digest())[:LENGTH].decode().lower()


@dataclass(frozen=True)
class MaskedRun(Run):
    """A run whose tables, samples and sentences name nobody; names of regions, teams and managers stay.

    Attributes
    ----------
    key : what the pseudonyms are made with.
    """

    key: bytes = b""

    @cached_property
    def mask(self) -> Mapping[str, str]:
        """Pseudonym of each id, and of each name."""
        return {text: pseudonym(self.key, rep) for rep, texts in self._people() for text in (rep, *texts)}

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(rep for rep, _ in self._people())

    def _people(self) -> Iterator[tuple[str, list[str]]]:
        for name, column in PEOPLE.items():
            if not self.has(name):
                continue
            table = super().table(name)
            table = table[table["level"] == "rep"] if "level" in table else table
            names = next((table[k] for k in ("name", *NAMES) if k in table), table[column])
            for rep, said in zip(table[column], names, strict=True):
                yield str(rep), [str(said)] if said else []

    def table(self, name: str) -> pd.DataFrame:
        """One table of the run, with pseudonyms for ids and nothing for names."""
        frame = super().table(name)
        if "level" in frame and "key" in frame:
            rep = frame["level"] == "rep"
            frame = frame.assign(key=frame["key"].mask(rep, frame["key"].map(self.hide)))
            return frame.assign(name=frame["name"].mask(rep, ""))
        for column in frame.columns.intersection(list(IDS)):
            frame[column] = frame[column].map(self.hide)
        for column in frame.columns.intersection(list(NAMES)):
            frame[column] = ""
        if name in ("rules", "conflicts"):
            frame["scope"] = frame["scope"].map({text: self._scope(text) for text in frame["scope"].unique()})
        for column in frame.columns.intersection(["stopped_by", "binding_rule"]):
            frame[column] = frame[column].map({text: self._reasons(text) for text in frame[column].unique()})
        for column in frame.columns.difference([*PLAIN, *IDS, *NAMES, "scope", "stopped_by", "binding_rule"]):
            if frame[column].dtype == object or str(frame[column].dtype).startswith("str"):
                frame[column] = frame[column].map({text: self.scrub(text) for text in frame[column].unique()})
        return frame

    def samples(self) -> dict[str, NDArray[Any]]:
        """Sample paths, by pseudonym."""
        import numpy as np

        found = super().samples()
        return found | {"rep_id": np.array([self.hide(str(rep)) for rep in found["rep_id"]], dtype=str)}

    def hide(self, rep: str) -> str:
        """What stands for an id."""
        return pseudonym(self.key, rep) if rep else rep

    def _scope(self, scope: str) -> str:
        """A rule's scope, which begins with the rep's id where it is about a rep."""
        words = scope.split(" ")
        for k in range(len(words), 0, -1):
            if (head := " ".join(words[:k])) in self._ids:
                return " ".join([self.hide(head), *words[k:]])
        return scope

    def _reasons(self, text: str) -> str:
        """Rules that keep a rep from a level, like ``limit_change R1; quota_floor all``."""
        parts = (part.partition(" ") for part in text.split("; "))
        return "; ".join(f"{rule}{space}{self._scope(scope)}" for rule, space, scope in parts)

    def scrub(self, text: str) -> str:
        """A sentence without names; withheld where only a number may be somebody's id."""
        spoken, numbers = self._patterns
        return WITHHELD if numbers.search(text) else spoken.sub(lambda found: self.mask[found[0]], text)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        numbers = [text for text in self.mask if text.isdecimal()]
        return _any_of(set(self.mask).difference(numbers)), _any_of(numbers)


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    """Any of the texts, longest first, as words of their own where the script has spaces between words."""
    parts = [
        rf"(?<![\w]){re.escape(text)}(?![\w])" if text.isascii() else re.escape(text)
        for text in sorted(filter(None, texts), key=lambda text: (-len(text), text))
    ]
    return re.compile("|".join(parts) or r"(?!)")


def mask_runs(runs: Iterable[Run], project: Path) -> list[Run]:
    """The same runs without names."""
    key = read_key(project)
    masked = [MaskedRun(run.folder, run.record, key) for run in runs]
    return [MaskedRun(run.folder, _quiet(run), key) for run in masked]


def _quiet(run: MaskedRun) -> Mapping[str, Any]:
    """The record without names in its sentences."""
    texts = {name: run.scrub(str(run.record[name])) for name in ("about", "sentence") if run.record.get(name)}
    return {**run.record, **texts}
