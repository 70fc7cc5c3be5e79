"""Progress as files: every report is there to be read, and the log tells what is new."""

import json
import logging
from pathlib import Path

import pytest

from genba.factory.attempt import AttemptDirectory
from genba.factory.progress import ProgressFile, newest


@pytest.fixture
def directory(tmp_path: Path) -> AttemptDirectory:
    made = AttemptDirectory(tmp_path, "R", 1)
    made.progress.parent.mkdir(parents=True)
    return made


def test_work_that_goes_to_and_fro_is_logged_once_and_reported_always(
    directory: AttemptDirectory, caplog: pytest.LogCaptureFixture
) -> None:
    file = ProgressFile(directory)
    with caplog.at_level(logging.INFO, "genba.factory.progress"):
        for message in ["solving", "solving: compiling"] * 5 + ["judging", "solving"]:
            file.report(0.5, message)
            file.flush()
    told = [record.getMessage().strip() for record in caplog.records]
    assert told == ["50 % solving", "50 % solving: compiling", "50 % judging", "50 % solving"]
    reported = [json.loads(line)["message"] for line in directory.progress.read_text().splitlines()]
    assert reported == ["solving", "solving: compiling"] * 5 + ["judging", "solving"]
    assert newest(directory.progress) == (0.5, "solving")
