"""The report: one file that asks nothing of a network, escapes every text, and is fair to failed runs."""

import base64
import hashlib
import re
import shlex
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genba.core.certificate import Certificate, at_most, equal
from genba.core.context import Context
from genba.core.errors import DeviceError, InputError, MissingExtra, NotFound
from genba.core.findings import FindingKind, Severity
from genba.core.operation import Operation
from genba.core.run import TERMINAL, InputRef, Limits, Run, State
from genba.core.views import Axis, Headline, LineChart, Link, NetworkChart, Node, Series, Views
from genba.faces.report import assets
from genba.faces.report.evidence import claim_figures
from genba.faces.report.making import command
from genba.faces.report.page import page, report_html, write_report
from genba.faces.report.sheet import Sheet, gather
from genba.factory.factory import Factory, Request
from genba.factory.supervisor import Supervisor
from genba.grid.certify.powerflow import certify_powerflow
from genba.grid.records.powerflow import BUSES, PowerflowParams, PowerflowResult
from genba.num.table import Table, table

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>{b}\u202e&'\""
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LARGEST = 3_000_000
"""Bytes of a report of 1354 buses."""
needs_echarts = pytest.mark.skipif(
    find_spec("nicegui") is None, reason="NiceGUI is not installed: pip install 'genba[server]'"
)


def _powerflow(params: PowerflowParams, ctx: Context) -> PowerflowResult:
    """Solve a power flow."""
    raise AssertionError("a report never solves")


OPERATION = Operation(
    "grid.powerflow",
    PowerflowParams,
    PowerflowResult,
    _powerflow,
    certify_powerflow,
    lambda params, result: Views(),
    lambda params, result: (),
    "",
)


def buses(count: int) -> Table:
    """Give a table whose texts are hostile and whose angles are missing."""
    numbers = np.arange(1, count + 1)
    by_dtype = {"int": numbers, "float": numbers * 1.5, "text": np.array([HOSTILE] * count, dtype=object)}
    columns = {column.name: by_dtype[column.dtype] for column in BUSES.columns}
    return table(BUSES, **(columns | {"va": np.full(count, np.nan)}))


def views(count: int) -> Views:
    places = range(count)
    voltage, loading = Axis(label="Voltage", unit="p.u."), Axis(label="Loading", unit="%")
    profile = LineChart(
        key="profile",
        title=HOSTILE,
        x=Axis(label="Bus", unit="1"),
        y=voltage,
        series=(
            Series(
                name=HOSTILE,
                x=tuple(places),
                y=tuple(1 + place / 1e5 for place in places),
                text=tuple(f"bus {place} {HOSTILE}" for place in places),
            ),
        ),
    )
    network = NetworkChart(
        key="map",
        title="Network",
        nodes=tuple(Node(id=str(n), x=n % 37, y=n // 37, value=1.0, text=HOSTILE) for n in places),
        links=tuple(Link(source=str(n), target=str(n * 7 % count), value=n % 100) for n in places),
        node_value=voltage,
        link_value=loading,
        node_range=(0.9, 1.1),
        link_range=(0.0, 100.0),
    )
    return Views(
        headlines=(Headline(key="load", label="Load", value=73059.7, unit="MW"),),
        charts=(profile, network, profile.model_copy(update={"key": "nothing", "series": ()})),
        attribution="PGLib-OPF v23.07, CC BY 4.0",
        not_covered=("Steady state only.",),
    )


CERTIFICATE = Certificate(
    claims=(
        at_most("power_balance", 3e-9, bound=1e-8, unit="p.u.", method=f"Summed. {HOSTILE}"),
        equal("islands", 2, expected=1, method="Counted."),
    )
)
KIND = FindingKind("grid.unit_bus", Severity.WARNING, "The unit stands at bus {bus}.")


def run_with(**changes: Any) -> Run:
    """Give a run whose every free text is hostile."""
    values: dict[str, Any] = {
        "id": "01JD9Q2M4K7R8S9T0V1W2X3Y4Z",
        "operation": "grid.powerflow",
        "params": {"case": "a case.m", "start": "flat", "reactive_limits": True, "set": [HOSTILE]},
        "digest": "d" * 64,
        "state": State.REFUSED,
        "reason": HOSTILE,
        "attempt": 1,
        "region": "local",
        "seed": 7,
        "limits": Limits(),
        "tags": (HOSTILE,),
        "note": HOSTILE,
        "shift": HOSTILE,
        "step": HOSTILE,
        "inputs": (InputRef(field="case", name=HOSTILE, sha256="b" * 64, bytes=310_244),),
        "created": 1_795_414_771_000_000_000,
        "updated": 1_795_414_771_000_000_000,
        "result": {"outcome": "converged", "iterations": 5, "load": 73059.7, "losses": None},
        "certificate": CERTIFICATE,
        "findings": (KIND.at(HOSTILE, bus=HOSTILE),),
        "seconds": 0.43,
        **dict.fromkeys(("token", "parent", "fraction", "error")),
        "ephemeral": False,
        "cancel_requested": False,
        "message": "",
        "artifacts": (),
    }
    return Run.model_validate(values | changes)


def sheet_of(count: int = 3, *, language: str = "en", charts: bool = True, **changes: Any) -> Sheet:
    shown = views(count)
    return Sheet(
        run=run_with(**changes),
        operation=OPERATION,
        attempts=(),
        views=shown if charts else shown.model_copy(update={"charts": ()}),
        tables=(buses(count),),
        language=language,
    )


class Reading(HTMLParser):
    """Collects elements, scripts and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Mapping[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.text = ""
        self._inside: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append((dict(attrs).get("type"), ""))

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            kind, before = self.scripts[-1]
            self.scripts[-1] = (kind, before + data)
        elif self._inside != "style":
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = None


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Factory]:
    with Factory.open(tmp_path_factory.mktemp("home")) as factory:
        yield factory


def ended(factory: Factory, ending: str) -> Run:
    asked = Request(tags=("<b>tag</b>",), note=HOSTILE)
    run = factory.submit("factory.probe", {"ending": ending}, asked)
    supervisor = Supervisor(factory, only={run.id})
    try:
        supervisor.run(until=lambda: factory.run(run.id).state in TERMINAL)
    finally:
        supervisor.close()
    return factory.run(run.id)


def test_a_run_that_succeeded_is_reported_with_its_certificate(factory: Factory, tmp_path: Path) -> None:
    run = ended(factory, "succeed")
    path = tmp_path / "report.html"
    write_report(factory, run.id, path)
    text = Reading(path.read_text(encoding="utf-8")).text
    for expected in (
        run.id,
        run.digest,
        "Certificate: holds",
        "Steps waited",
        "genba factory probe",
        HOSTILE,
    ):
        assert expected in text
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_run_that_failed_is_reported_with_its_error(factory: Factory, language: str) -> None:
    run = ended(factory, "fail")
    text = Reading(report_html(factory, run.id, language)).text
    assert "the probe was asked to fail" in text
    assert {"en": "Why there is no certified result", "ja": "検証済みの結果がない理由"}[language] in text


def test_a_fault_of_the_input_is_reported_in_the_readers_language(factory: Factory) -> None:
    file = factory.upload("case.m", [b"this is no case"], largest=100)
    run = factory.submit("grid.powerflow", {"case": f"sha256:{file.sha256}"})
    supervisor = Supervisor(factory, only={run.id})
    supervisor.drain()
    supervisor.close()
    told = {language: Reading(report_html(factory, run.id, language)).text for language in ("en", "ja")}
    assert "input: Found `this is no case`, which computes" in told["en"]
    assert "which computes" not in told["ja"]
    assert "（ほか 5 件）" in told["ja"]


def test_a_run_that_was_refused_names_the_claims_that_do_not_hold(factory: Factory) -> None:
    text = Reading(report_html(factory, ended(factory, "refuse").id)).text
    assert "Claims that do not hold:Total" in text
    assert "does not hold" in text


def test_runs_that_were_cancelled_or_still_wait_are_reported(factory: Factory) -> None:
    waiting = factory.submit("factory.probe", {})
    assert "has not ended" in Reading(report_html(factory, waiting.id)).text
    factory.cancel(waiting.id)
    assert "Cancelled" in Reading(report_html(factory, waiting.id)).text


def test_a_run_that_does_not_exist_has_no_report(factory: Factory) -> None:
    with pytest.raises(NotFound):
        report_html(factory, "nothing")


def test_a_place_that_is_no_file_in_a_folder_is_named(factory: Factory, tmp_path: Path) -> None:
    waiting = factory.submit("factory.probe", {"seconds": 0.01})
    for place in (tmp_path, tmp_path / "nowhere" / "report.html"):
        with pytest.raises(InputError, match="folder that exists"):
            write_report(factory, waiting.id, place)


def test_a_place_that_cannot_be_written_is_named(factory: Factory) -> None:
    waiting = factory.submit("factory.probe", {"seconds": 0.01})
    with pytest.raises(DeviceError, match="choose another place"):
        write_report(factory, waiting.id, Path("/proc/report.html"))


def test_what_a_failed_run_lacks_is_left_out(factory: Factory) -> None:
    sheet = gather(factory, ended(factory, "fail").id, "ja")
    assert (sheet.tables, sheet.views) == ((), Views())


@needs_echarts
@pytest.mark.parametrize("language", ["en", "ja"])
def test_hostile_texts_stay_texts(language: str) -> None:
    html = page(sheet_of(language=language))
    reading = Reading(html)
    assert "img" not in {name for name, _ in reading.elements}
    assert [kind for kind, _ in reading.scripts] == ["application/json", "module"]
    assert not [key for _, attributes in reading.elements for key in attributes if key.startswith("on")]
    assert reading.text.count("<img src=x onerror=alert(1)>") >= 10


@needs_echarts
def test_the_policy_allows_exactly_the_script_that_is_there() -> None:
    reading = Reading(page(sheet_of()))
    script = next(text for kind, text in reading.scripts if kind == "module")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(a["content"] for name, a in reading.elements if a.get("http-equiv"))
    assert policy is not None
    assert f"script-src 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy


@needs_echarts
def test_nothing_in_the_page_is_loaded_from_anywhere() -> None:
    html = page(sheet_of())
    reading = Reading(html)
    for name, attributes in reading.elements:
        assert name not in {"link", "iframe", "object", "embed", "base"}
        assert not {"src", "href", "srcset", "action"} & set(attributes), name
    assert set(re.findall(r"https?://[\w./-]+", html)) <= {
        "http://www.w3.org/1999/xlink",
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/2000/xmlns/",
        "http://www.w3.org/XML/1998/namespace",
    }
    assert "@import" not in html
    assert not re.search(r"url\(['\"]?(?!#)\w+:(?!image)", assets.style())


@needs_echarts
def test_a_report_of_1354_buses_is_under_three_megabytes() -> None:
    assert len(page(sheet_of(1354)).encode()) < LARGEST


@needs_echarts
def test_long_tables_show_200_rows_and_say_how_to_have_the_rest() -> None:
    html = page(sheet_of(1354))
    assert html.count("<tr><td") == 200
    assert "1,154 more rows." in html
    assert "genba table 01JD9Q2M4K7R8S9T0V1W2X3Y4Z buses" in html


def test_a_report_without_charts_needs_no_extra_and_no_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "find_spec", lambda name: None)
    assets.program.cache_clear()
    html = page(sheet_of(charts=False))
    assert "<script" not in html
    assert "script-src &#x27;none&#x27;;" in html


def test_charts_without_nicegui_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "find_spec", lambda name: None)
    assets.program.cache_clear()
    with pytest.raises(MissingExtra, match=r"genba\[server\]"):
        page(sheet_of())


def test_everything_a_reader_needs_is_there() -> None:
    text = Reading(page(sheet_of(charts=False, state=State.SUCCEEDED))).text
    for expected in (
        "Power flow",
        "Succeeded",
        "Certificate: does not hold",
        "73,059.70 MW",
        "vm (p.u.)",
        "sha256:" + "b" * 64,
        "Steady state only.",
        "PGLib-OPF v23.07, CC BY 4.0",
        "310.2 kB",
        "2026-11-23 06:19:31 UTC",
    ):
        assert expected in text


def test_japanese_leaves_no_english_heading() -> None:
    html = page(sheet_of(charts=False, language="ja"))
    headings = re.findall(r"<h[12]>(.*?)</h[12]>", html)
    assert headings
    assert [heading for heading in headings if heading.isascii()] == []
    assert '<html lang="ja">' in html


def test_tables_are_headed_in_the_readers_language() -> None:
    html = page(sheet_of(charts=False, language="ja"))
    assert re.findall(r"<th [^>]*>(.*?)</th>", html[html.index('class="grid"') :])[:6] == [
        "母線",
        "分離系統",
        "種別",
        "公称電圧 (kV)",
        "電圧 (p.u.)",
        "位相角 (°)",
    ]
    assert "電圧 vm (p.u.)" in html


def test_a_text_that_utf8_cannot_hold_is_shown_all_the_same() -> None:
    assert "bad ? name" in page(sheet_of(charts=False, note="bad \udcff name"))


def test_the_command_gives_the_same_params_back() -> None:
    words = shlex.split(command(sheet_of(charts=False, limits=Limits(backend="cuda:1"))))
    assert words[:4] == ["genba", "grid", "powerflow", "a case.m"]
    assert set(words[4:]) == {
        "--start=flat",
        "--reactive-limits",
        f"--set={HOSTILE}",
        "--seed=7",
        "--backend=cuda:1",
    }


def test_a_claim_that_fails_by_a_hair_shows_every_digit() -> None:
    claim = at_most("x", 1.00000001, bound=1.0, unit="MW", method="m")
    assert claim_figures(claim) == ("1.00000001 MW", "1.0 MW")


@needs_echarts
@pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_draws_every_chart_and_asks_for_nothing(tmp_path: Path, scheme: Any) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = tmp_path / "report.html"
    path.write_text(page(sheet_of(60)), encoding="utf-8")
    asked: list[str] = []
    faults: list[str] = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        tab = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: faults.append(message.text))
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("dialog", lambda dialog: faults.append("a dialog opened"))
        tab.goto(path.as_uri())
        tab.wait_for_function("document.documentElement.dataset.drawn === '2'")
        drawn = tab.locator(".drawing svg").count()
        tab.hover("#chart-profile")
        tab.wait_for_function("document.querySelector('#chart-profile').innerText.includes('onerror')")
        smuggled = tab.locator("img").count()
        wide = tab.evaluate("document.documentElement.scrollWidth > innerWidth")
        browser.close()
    assert asked == [path.as_uri()]
    assert faults == []
    assert smuggled == 0
    assert drawn == 2
    assert not wide
