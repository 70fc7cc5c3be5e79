"""The Japanese words of the workbook: its sheets, headings and labels, written and read.

They belong to the file as the English ones do, so they stand here and not among the words of the faces.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from genba.num.workbook import Formula, Look, Sheet

SHEETS: Mapping[str, str] = {
    "Line": "ライン",
    "Products": "製品",
    "Tasks": "作業",
    "Stations": "工程",
    "Resources": "資源",
    "Buffers": "バッファ",
    "Links": "搬送",
    "Shifts": "勤務",
    "Workers": "作業者",
    "Rules": "規則",
}
HEADINGS: Mapping[str, str] = {
    "name": "名称",
    "share": "比率",
    "priority": "優先度",
    "time": "時間",
    "after": "先行",
    "station": "工程",
    "order": "順番",
    "tools": "工具",
    "skill": "技能",
    "by": "担当",
    "capability": "能力",
    "side": "側",
    "zone": "部位",
    "ergonomic": "作業負荷",
    "value class": "価値区分",
    "move cost": "移動費",
    "servers": "並列数",
    "work": "工程時間",
    "join": "合流",
    "groups": "資源",
    "workers": "作業者",
    "mtbf": "故障間隔",
    "mttr": "修理時間",
    "clock": "故障の時計",
    "crew": "修理担当",
    "scrap": "不良率",
    "rework share": "手直し率",
    "rework to": "手直し先",
    "rework work": "手直し時間",
    "changeover": "段取替え",
    "power working": "電力 加工",
    "power idle": "電力 待ち",
    "power down": "電力 故障",
    "power off": "電力 休止",
    "kind": "種類",
    "capabilities": "能力一覧",
    "count": "数",
    "speed": "速度比",
    "travel": "走行速度",
    "cost": "費用",
    "investment": "投資額",
    "footprint": "設置面積",
    "before": "次工程",
    "capacity": "容量",
    "contents": "開始時の個数",
    "place cost": "場所の費用",
    "source": "搬送元",
    "target": "搬送先",
    "distance": "距離",
    "group": "搬送資源",
    "start": "開始",
    "end": "終了",
    "breaks": "休憩",
    "skills": "技能一覧",
    "rule": "規則",
    "tasks": "対象作業",
    "stations": "対象工程",
    "description": "説明",
    "currency": "通貨",
    "shape": "ライン形状",
    "time unit": "時間の単位",
    "units per day": "日当たり台数",
    "allowance": "余裕係数",
    "cycle": "指定サイクル",
    "arrivals": "到着",
    "ergonomic cap": "作業負荷の上限",
    "floor width": "床の幅",
    "floor depth": "床の奥行",
    "average time": "平均時間",
    "places": "場所数",
    "station time": "工程負荷",
    "time per place": "場所当たりの負荷",
    "share of planned cycle": "計画サイクルに対する割合",
    "idle": "余裕",
    "squared gap": "差の二乗",
    "net time": "実働時間",
    "seconds per time unit": "時間の単位の秒数",
    "net time per day": "日当たり実働時間",
    "takt": "タクトタイム",
    "planned cycle": "計画サイクルタイム",
    "sum of task times": "作業時間の合計",
    "places of all stations": "全工程の場所数",
    "longest station time": "最大の工程負荷",
    "line efficiency": "編成効率",
    "balance loss": "バランスロス",
    "smoothness index": "平滑度",
    "setting": "項目",
    "value": "値",
    "unit": "単位",
    "computed": "計算値",
}
ENGLISH: Mapping[str, str] = {japanese: heading for heading, japanese in HEADINGS.items()}
ENGLISH_SHEETS: Mapping[str, str] = {japanese: name.lower() for name, japanese in SHEETS.items()}
ENDS: Mapping[str, str] = {"start": "開始", "end": "終了"}
OF_SHEET = re.compile(rf"\b({'|'.join(SHEETS)})!")
BREAK = re.compile(r"break (?P<number>\d+) (?P<end>start|end)")
PAUSE = re.compile(r"休憩 (?P<number>\d+) (?P<end>開始|終了)")
WITH_UNIT = re.compile(r"(?P<name>.*?)(?P<unit> \[.*\])?")


def translated(sheet: Sheet) -> Sheet:
    """Give a sheet of the workbook with Japanese name, headings and labels; what was typed in stays."""
    labelled = sheet.name == "Line"  # its first column holds the names of its settings
    rows = [
        [_cell(cell, said=row == 0 or (labelled and column == 0)) for column, cell in enumerate(cells)]
        for row, cells in enumerate(sheet.rows)
    ]
    headings = (2.0 + 2 * len(str(look.value)) for look in rows[0])
    widths = [max(pair) for pair in zip(headings, sheet.widths, strict=True)]
    return replace(sheet, name=SHEETS[sheet.name], rows=rows, widths=widths)


def in_english(heading: str) -> str:
    """Give the English of a plain heading or label; one that is not Japanese as it is."""
    pause = PAUSE.fullmatch(heading)
    if pause:
        ends = {japanese: end for end, japanese in ENDS.items()}
        return f"break {pause['number']} {ends[pause['end']]}"
    return ENGLISH.get(heading, heading)


def sheets_in_english(book: Mapping[str, Any]) -> dict[str, Any]:
    """Give sheets by their English names in small letters, where the one of tasks has its Japanese name."""
    if SHEETS["Tasks"] not in book:
        return dict(book)
    return {ENGLISH_SHEETS.get(title, title): page for title, page in book.items()}


def _cell(cell: Any, *, said: bool) -> Any:
    if isinstance(cell, Look):
        return replace(cell, value=_cell(cell.value, said=said))
    if isinstance(cell, Formula):
        return Formula(OF_SHEET.sub(lambda found: f"'{SHEETS[found[1]]}'!", cell.text))
    return _heading(cell) if said and isinstance(cell, str) else cell


def _heading(text: str) -> str:
    """Word a heading; the time of a product keeps the product's id, and every heading its unit."""
    found = WITH_UNIT.fullmatch(text)
    name, unit = (found["name"], found["unit"] or "") if found else (text, "")
    pause = BREAK.fullmatch(name)
    if pause:
        return f"休憩 {pause['number']} {ENDS[pause['end']]}"
    if name.startswith("time ") and name not in HEADINGS:
        return f"{HEADINGS['time']} {name.removeprefix('time ')}{unit}"
    return f"{HEADINGS.get(name, name)}{unit}"
