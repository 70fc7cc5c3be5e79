"""The columns of sheets that people fill in: what each is called, what it may be called, what it holds."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "whole", "list", "stations", "spread", "clock", "breaks"]


@dataclass(frozen=True, slots=True)
class Field:
    """One column.

    Arguments:
        heading: what the template calls it.
        path: where its value belongs in an entry, with dots.
        kind: what its cells hold.
        unit: of its numbers, empty where it has none.
        also: other headings that mean the same, in small letters.
    """

    heading: str
    path: str
    kind: Kind = "text"
    unit: str = ""
    also: tuple[str, ...] = ()


BREAKDOWN = (
    Field("mtbf", "breakdown.mtbf", "spread", "s", ("mttf",)),
    Field("mttr", "breakdown.mttr", "spread", "s"),
    Field("clock", "breakdown.clock"),
    Field("crew", "breakdown.crew"),
)
PRODUCTS = (
    Field("id", "id", also=("product", "model", "variant", "製品", "機種")),
    Field("name", "name", also=("名称", "製品名")),
    Field("share", "share", "number", "1", ("mix", "比率")),
    Field("priority", "priority", "whole", "1"),
)
TASKS = (
    Field("id", "id", also=("task", "task id", "no", "no.", "nr", "number", "#", "作業", "作業番号", "番号")),
    Field("name", "name", also=("description", "operation", "task name", "作業名", "名称", "内容")),
    Field(
        "time",
        "time",
        "number",
        "s",
        ("task time", "duration", "processing time", "t", "時間", "作業時間", "標準時間"),
    ),
    Field(
        "after",
        "after",
        "list",
        also=(
            "predecessors",
            "predecessor",
            "immediate predecessors",
            "pred",
            "preceding tasks",
            "先行作業",
            "先行",
        ),
    ),
    Field("station", "station", also=("workstation", "ws", "ステーション", "工程", "ステーション番号")),
    Field("order", "order", "whole", "1"),
    Field("tools", "tools", "list", also=("tool", "equipment", "工具", "設備")),
    Field("skill", "skill", also=("skills", "技能", "スキル")),
    Field("by", "by", also=("resource", "manual or robot")),
    Field("capability", "capability"),
    Field("side", "side", also=("作業側",)),
    Field("zone", "zone", also=("area", "部位")),
    Field("ergonomic", "ergonomic", "number", "1", ("ergonomic score", "posture", "作業負荷")),
    Field("value class", "value_class", also=("value", "va/nva", "付加価値")),
    Field("move cost", "move_cost", "number", "currency"),
)
STATIONS = (
    Field("id", "id", also=("station",)),
    Field("name", "name"),
    Field("servers", "servers", "whole", "1", ("parallel",)),
    Field("work", "work", "spread", "s", ("process time",)),
    Field("after", "after", "stations"),
    Field("join", "join"),
    Field("groups", "groups", "list"),
    Field("workers", "workers", "list"),
    *BREAKDOWN,
    Field("scrap", "scrap", "number", "1"),
    Field("rework share", "rework.share", "number", "1"),
    Field("rework to", "rework.to"),
    Field("rework work", "rework.work", "spread", "s"),
    Field("changeover", "changeover", "number", "s"),
    Field("power working", "power.working", "number", "kW"),
    Field("power idle", "power.idle", "number", "kW"),
    Field("power down", "power.down", "number", "kW"),
    Field("power off", "power.off", "number", "kW"),
    Field("x", "position.x", "number", "m"),
    Field("y", "position.y", "number", "m"),
)
GROUPS = (
    Field("id", "id"),
    Field("name", "name"),
    Field("kind", "kind"),
    Field("capabilities", "capabilities", "list"),
    Field("count", "count", "whole", "1"),
    Field("speed", "speed", "number", "1"),
    Field("travel", "travel", "number", "m/s"),
    Field("cost", "cost", "number", "currency/h"),
    Field("investment", "investment", "number", "currency"),
    Field("footprint", "footprint", "number", "m²"),
    Field("changeover", "changeover", "number", "s"),
    *BREAKDOWN,
)
BUFFERS = (
    Field("id", "id"),
    Field("before", "before"),
    Field("after", "after"),
    Field("capacity", "capacity", "whole", "1"),
    Field("contents", "contents", "whole", "1"),
    Field("place cost", "place_cost", "number", "currency"),
)
LINKS = (
    Field("source", "source", also=("from",)),
    Field("target", "target", also=("to",)),
    Field("by", "by"),
    Field("distance", "distance", "number", "m"),
    Field("time", "time", "number", "s"),
    Field("group", "group"),
    Field("capacity", "capacity", "whole", "1"),
)
SHIFTS = (
    Field("id", "id"),
    Field("name", "name"),
    Field("start", "start", "clock"),
    Field("end", "end", "clock"),
    Field("breaks", "breaks", "breaks"),
)
WORKERS = (
    Field("id", "id"),
    Field("name", "name"),
    Field("skills", "skills", "list"),
    Field("count", "count", "whole", "1"),
    Field("cost", "cost", "number", "currency/h"),
)
RULES = (
    Field("rule", "rule"),
    Field("tasks", "tasks", "list", also=("task", "zones")),
    Field("stations", "stations", "list"),
    Field("time", "time", "number", "s"),
)
LINE = (
    Field("name", "name"),
    Field("description", "description"),
    Field("currency", "currency"),
    Field("shape", "shape"),
    Field("time unit", "time_unit"),
    Field("units per day", "demand.per_day", "number", "1/d"),
    Field("allowance", "demand.allowance", "number", "1"),
    Field("cycle", "demand.cycle", "number", "s"),
    Field("arrivals", "arrivals", "spread", "s"),
    Field("ergonomic cap", "rules.ergonomic_cap", "number", "1"),
    Field("floor width", "floor.width", "number", "m"),
    Field("floor depth", "floor.depth", "number", "m"),
)
