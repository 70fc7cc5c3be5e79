"""What a reader sees when something behind the page is not at work."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genba.factory.factory import Factory


@pytest.fixture
def alone(tmp_path: Path, serve_alone: Callable[[Path], Any]) -> Iterator[Any]:
    """Give a server without a supervisor, and its factory."""
    home = tmp_path / "alone"
    with serve_alone(home) as (process, address), Factory.open(home) as factory:
        yield process, address, factory


def test_waiting_and_lost_connections_are_said_in_the_readers_language(
    alone: Any, browse: Callable[..., Any]
) -> None:
    process, address, factory = alone
    factory.submit("factory.probe", {})
    page = browse(address, language="ja").open("/")
    page.get_by_text("スーパーバイザーが動いていないため").wait_for()
    page.locator(".pairs .chip", has_text="停止中").wait_for()
    process.kill()
    page.get_by_text("接続が切断されました").wait_for()


def test_a_page_that_cannot_be_read_again_keeps_its_picture_and_says_how_old_it_is(
    alone: Any, browse: Callable[..., Any]
) -> None:
    _, address, factory = alone
    page = browse(address).open("/")
    shutil.rmtree(factory.home)
    page.locator(".alert", has_text="The record cannot be read: what you see is from").wait_for()
    assert page.get_by_text("The first study you start appears here.").is_visible()


def test_an_empty_factory_says_where_to_begin(alone: Any, browse: Callable[..., Any]) -> None:
    _, address, _ = alone
    page = browse(address).open("/")
    assert page.get_by_text("Nothing is running.").is_visible()
    assert page.get_by_text("The first study you start appears here.").is_visible()
    assert browse(address).open("/runs").get_by_text("No run matches.").is_visible()
    page = browse(address).open("/grid")
    assert page.get_by_text("No power flow yet.").is_visible()
    assert page.get_by_text("No contingency study yet.").is_visible()
