"""The command that shows what reps can sell: all of them, one of them, in pictures, and how it would have done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from quotaopt.cli.frame import Options, command

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@command
@click.argument("scenario", required=False)
@click.option("--by", type=click.Choice(("rep", "region")), default="rep", show_default=True, help="What to total by.")
@click.option("--rep", metavar="REP", help="Show all that is known of one rep, by id or name.")
@click.option("--backtest", is_flag=True, help="Show how the forecast would have done before, against last year.")
@click.option("--html", type=FILE, metavar="FILE", help="Draw company, regions and reps: one file, no internet needed.")
@click.option("--out", type=FOLDER, metavar="DIR", help="Write the tables of the forecast here.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one key.")
def forecast(
    options: Options,
    scenario: str | None,
    by: str,
    rep: str | None,
    backtest: bool,
    html: Path | None,
    out: Path | None,
    sets: Sequence[str],
) -> None:
    """Show what reps can sell, and how good each forecaster was."""
    from quotaopt import columns as c
    from quotaopt.capacity import make_capacity
    from quotaopt.forecast import make_forecast
    from quotaopt.forecast.trace import look_back, trace_rep
    from quotaopt.project import choose_scenarios
    from quotaopt.record import Tables, forecast_cells, forecast_tables, shape, shape_tables
    from quotaopt.report.backtest import backtest_report
    from quotaopt.report.forecast import company_range, forecast_report, forecast_rows
    from quotaopt.report.pictures import forecast_page
    from quotaopt.report.render import records
    from quotaopt.report.rep import find_rep, make_sheet, rep_content, rep_report
    from quotaopt.report.terminal import shown_folder
    from quotaopt.scenario import load_scenario
    from quotaopt.tables import read_inputs, write_tables

    if backtest and rep:
        raise click.UsageError("--backtest looks at everybody; --rep at one: ask one thing")
    project = options.folder
    loaded = load_scenario(choose_scenarios(project, [scenario] if scenario else [])[0], project, sets)
    settings, inputs = loaded.settings, read_inputs(loaded)
    chosen = find_rep(inputs.roster, rep) if rep else ""
    found = make_forecast(inputs, settings)
    capacity, level = make_capacity(found, inputs, settings), settings.forecast.level
    more: Tables = {}
    if chosen:
        trace = trace_rep(inputs, settings, chosen)
        sheet = make_sheet(chosen, inputs, found, capacity, trace, level)
        rows, parts, content = sheet.months, [*rep_report(sheet, level)], rep_content(sheet)
    elif backtest:
        rows, content = shape(look_back(inputs, settings), c.BACKTEST), {}
        parts = [*backtest_report(rows, level)]
        more["backtest"] = (rows, c.BACKTEST)
        out = out or project / "runs" / f"{loaded.name}-forecast"
    else:
        rows = forecast_rows(found, capacity, inputs, level, by)
        parts = [*forecast_report(rows, found.accuracy, by, company_range(found, level))]
        content = {"accuracy": records(found.accuracy)}
    if html:
        html.write_text(forecast_page(loaded, inputs, found, capacity, chosen), encoding="utf-8")
    if out:
        out.mkdir(parents=True, exist_ok=True)
        tables = forecast_tables(inputs, found, capacity, settings, forecast_cells(found, capacity))
        write_tables(shape_tables(tables | more), out, settings.output.csv_encoding)
    saved = [shown_folder(path.resolve(), project) for path in (html, out) if path]
    parts += [f"Saved   {'   '.join(saved)}"] if saved else []
    options.emit("forecast", rows, parts, scenario=loaded.name, **content)
