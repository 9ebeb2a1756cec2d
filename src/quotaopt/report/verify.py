"""What `quotaopt verify` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from quotaopt.archive import Run
from quotaopt.frozen import Frozen
from quotaopt.recheck import Verdict
from quotaopt.text import counted


def fault_table(verdict: Verdict) -> pd.DataFrame:
    """One row for each thing that is wrong."""
    return pd.DataFrame({"fault": list(verdict.faults)}, dtype=str)


def verify_lines(run: Run, verdict: Verdict, rerun: bool) -> Iterator[str]:
    """Each fault on a line and their number last, or one line when there is none."""
    if verdict.faults:
        yield from verdict.faults
        yield f"{run.id}: {counted(len(verdict.faults), 'fault')}."
        return
    again = "; a re-run gives the same tables" * rerun
    yield (
        f"{run.id}: {counted(verdict.quotas, 'quota')} keep {counted(verdict.rules, 'rule')}, to the unit; "
        f"totals.csv adds up{again}."
    )


def plan_lines(plan: Frozen, faults: Sequence[str]) -> Iterator[str]:
    """The same of a frozen plan."""
    yield from faults
    changes = f"{counted(len(plan.ledger), 'change')} in {counted(plan.revisions, 'revision')}"
    well = f"{counted(len(plan.plan), 'quota')} as frozen; {changes}, none altered or left out"
    yield f"plans/{plan.name}: " + (f"{counted(len(faults), 'fault')}." if faults else f"{well}.")
