"""The whole page, top to bottom."""

from pathlib import Path
from typing import Any

from genba.core.errors import DeviceError, InputError
from genba.core.views import Chart
from genba.faces.charts import chart_title, describe, is_empty, needs_room, render
from genba.faces.markup import Markup, join, tag
from genba.faces.report.assets import data, policy, program, style
from genba.faces.report.evidence import certificate, findings
from genba.faces.report.making import attribution, inputs, not_covered, params, reproduce, versions
from genba.faces.report.opening import header, headlines, name, trouble
from genba.faces.report.sheet import Sheet, gather
from genba.faces.report.values import result_values, tables
from genba.factory.factory import Factory

Option = dict[str, Any]


def write_report(factory: Factory, run_id: str, path: Path, *, language: str = "en") -> None:
    """Write a run's report as one HTML file that needs nothing else.

    Raises:
        InputError: when the path is no file name in a folder that exists.
        NotFound: when there is no such run.
        MissingExtra: when there are charts to draw and NiceGUI, which brings ECharts, is not installed.
        DeviceError: when the file cannot be written.
    """
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"{path}: give a file name in a folder that exists", where=str(path))
    html = report_html(factory, run_id, language)
    fresh = path.with_name(f"{path.name}.new")
    try:
        fresh.write_text(html, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise DeviceError(f"{path}: {error.strerror}; choose another place", where=str(path)) from error


def report_html(factory: Factory, run_id: str, language: str = "en") -> str:
    """Give a run's report as one HTML text that needs nothing else."""
    return page(gather(factory, run_id, language))


def page(sheet: Sheet) -> str:
    """Give the HTML of a report; a text that UTF-8 cannot hold is shown with question marks."""
    drawn = [chart for chart in sheet.views.charts if not is_empty(chart)]
    script = program() if drawn else None
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        policy(script),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{sheet.label(name(sheet))} – {sheet.run.id} – genba"),
        style(),
    )
    body = tag(
        "body",
        tag(
            "main",
            header(sheet),
            trouble(sheet),
            headlines(sheet),
            certificate(sheet),
            charts(sheet),
            result_values(sheet),
            tables(sheet),
            findings(sheet),
            inputs(sheet),
            params(sheet),
            versions(sheet),
            not_covered(sheet),
            reproduce(sheet),
            attribution(sheet),
        ),
        None if script is None else data("charts", [_spec(sheet, chart) for chart in drawn]),
        None if script is None else tag("script", Markup(script), type="module"),
    )
    text = join(Markup("<!DOCTYPE html>\n"), tag("html", head, body, lang=sheet.language))
    return text.encode("utf-8", "replace").decode("utf-8")


def charts(sheet: Sheet) -> Markup | None:
    """Give a place for every chart; the script draws into it."""
    if not sheet.views.charts:
        return None
    return tag(
        "section",
        tag("h2", sheet.say("faces.report.charts", "Charts")),
        *(_figure(sheet, chart) for chart in sheet.views.charts),
    )


def _figure(sheet: Sheet, chart: Chart) -> Markup:
    title = chart_title(chart, sheet.run.operation, language=sheet.language)
    if is_empty(chart):
        nothing = tag("p", sheet.say("faces.chart.empty", "No data"), class_="empty")
        return tag("figure", tag("figcaption", title), nothing)
    kind = "drawing network" if needs_room(chart) else "drawing"
    spoken = describe(chart, sheet.run.operation, language=sheet.language)
    place = tag("div", class_=kind, id=f"chart-{chart.key}", role="img", aria_label=spoken)
    return tag("figure", tag("figcaption", title), place)


def _spec(sheet: Sheet, chart: Chart) -> Option:
    """Give a chart once in full, and per theme what colours it, without its points."""
    light, dark = (
        render(chart, sheet.run.operation, language=sheet.language, theme=theme, title=False)
        for theme in ("light", "dark")
    )
    return {
        "id": f"chart-{chart.key}",
        "points": sum(len(series["data"]) for series in light["series"]),
        "light": light,
        "bright": _without_points(light),
        "dark": _without_points(dark),
    }


def _without_points(option: Option) -> Option:
    series = [
        {name: part for name, part in entry.items() if name not in ("data", "links")}
        for entry in option["series"]
    ]
    return option | {"series": series}
