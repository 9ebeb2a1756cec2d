"""Names that do not name: stable, and not to be undone without the project's key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from quotaopt.export.master import Master

KEY = "pseudonyms.key"
LENGTH = 10  # letters of 4 bits: two of 10,000 names are alike once in 20,000 projects; that is looked for


def pseudonyms(names: Iterable[str], project: Path) -> dict[str, str]:
    """A pseudonym for each name, the same in every export of the project; of an empty name it is empty.

    It is a keyed hash (HMAC-SHA-256, RFC 2104): without the key nobody can try names until one fits. The key is made
    once, at random, and stands in the project as ``pseudonyms.key``.
    """
    path = project / KEY
    if not path.exists():
        path.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
        path.chmod(0o600)
    key, length = path.read_bytes(), LENGTH
    given = sorted(set(names) - {""})
    while True:
        made = ["P" + hmac.new(key, name.encode(), hashlib.sha256).hexdigest()[:length] for name in given]
        if len(set(made)) == len(given):
            return {"": ""} | dict(zip(given, made, strict=True))
        length += 1


def hide_people(master: Master) -> Master:
    """The same quotas under pseudonyms, without names of reps, in the order of the pseudonyms."""
    cells = master.cells
    hidden = cells["rep_id"].map(pseudonyms(cells["rep_id"], master.scenario.root))
    order = np.argsort(hidden.to_numpy(str), kind="stable")
    cells = cells.assign(rep_id=hidden, rep_name="").iloc[order].reset_index(drop=True)
    return replace(master, cells=cells, units=master.units[order])
