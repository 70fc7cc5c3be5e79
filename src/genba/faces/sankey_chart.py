"""How flows are drawn: each as wide as it is, its nodes in the order in which they feed each other."""

from typing import Any

from genba.core.views import Flow, SankeyChart
from genba.faces.phrases import say_words
from genba.faces.theme import Palette
from genba.faces.words import say, with_unit

Option = dict[str, Any]


def sankey_option(chart: SankeyChart, key: str, language: str, colours: Palette, top: int) -> Option:
    """Give the series of a Sankey chart; a flow of nothing is left out."""
    domain = key.partition(".")[0]

    def told(name: str) -> str:
        return say_words(language, domain, chart.words, name)

    flows = [
        Flow(source=told(flow.source), target=told(flow.target), value=flow.value)
        for flow in chart.flows
        if flow.value > 0
    ]
    names = dict.fromkeys(name for flow in flows for name in (flow.source, flow.target))
    label = with_unit(say(language, f"{key}.value", chart.value.label), chart.value.unit)
    return {
        "tooltip": {"trigger": "item"},
        "series": [
            {
                "type": "sankey",
                "name": label,
                "top": top + 24,
                "bottom": 32,
                "left": 4,
                "right": 96,
                "nodeWidth": 12,
                "nodeGap": 14,
                "layoutIterations": 32,
                "emphasis": {"focus": "adjacency"},
                "label": {"color": colours.ink, "fontSize": 12},
                "lineStyle": {"color": "source", "opacity": 0.35},
                "data": [{"name": name} for name in names],
                "links": [_link(flow) for flow in flows],
            }
        ],
    }


def _link(flow: Flow) -> Option:
    return {"source": flow.source, "target": flow.target, "value": float(f"{flow.value:.7g}")}
