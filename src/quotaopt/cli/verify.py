"""``quotaopt verify``: check a run on disk again."""

from __future__ import annotations

import click

from quotaopt.cli.frame import Options, command


@command
@click.argument("run")
@click.option("--rerun", is_flag=True, help="Plan again as well, and compare every table.")
def verify(options: Options, run: str, rerun: bool) -> int:
    """Check the written quotas of a run against every rule."""
    from quotaopt.archive import find_run
    from quotaopt.recheck import recheck
    from quotaopt.report.verify import fault_table, verify_lines

    found = find_run(options.folder, run)
    verdict = recheck(found, options.folder, rerun)
    options.emit("verify", fault_table(verdict), verify_lines(found, verdict, rerun), run=found.id)
    return 1 if verdict.faults else 0
