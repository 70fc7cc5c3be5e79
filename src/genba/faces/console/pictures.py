"""The charts of a result, drawn in the reader's language and theme."""

from nicegui import ui

from genba.core.views import Chart
from genba.faces.charts import needs_room, render
from genba.faces.console.layout import Visit

SOON_S = 0.01


def draw_charts(visit: Visit, operation: str, charts: tuple[Chart, ...]) -> None:
    """Draw charts two in a row; large ones, and a last chart without a neighbour, take the whole row."""
    small = [chart for chart in charts if not needs_room(chart)]
    alone = small[-1] if len(small) % 2 else None
    boxes: list[ui.element] = []
    with ui.element("div").classes("charts"):
        for chart in charts:
            size = " wide tall" if needs_room(chart) else " wide" if chart is alone else ""
            box = ui.element("figure").classes(f"chart{size}")
            box.props["aria-label"] = visit.say(f"{operation}.chart.{chart.key}.title", chart.title)
            boxes.append(box)

    def fill() -> None:
        for box, chart in zip(boxes, charts, strict=True):
            with box:
                ui.echart(render(chart, operation, language=visit.language, theme=visit.shade))

    ui.timer(SOON_S, fill, once=True)  # words first: the library of charts is a megabyte
