"""Outages asked for, as the certificate of a contingency study reads them anew."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genba.core.inputs import InputFile
from genba.grid.certify.outages import requested
from genba.grid.certify.schedule import studied

Certify = Callable[..., Any]
ROWS = (("tower", "branch.2 + branch.6"), ("plant", "gen.2+gen.3+gen.2"), (" mixed ", "gen.1+branch.7"))
READ = [("tower", [1, 5], []), ("plant", [], [1, 2]), ("mixed", [6], [0])]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("around", ["{0}", "\n{0}", "\ufeff{0}", "{0}\n\n", "{0}   \n", "{0} {1} \n"])
def test_a_file_of_contingencies_is_read_as_the_study_reads_it(
    certified: Certify, tmp_path: Path, separator: str, around: str
) -> None:
    lines = [f"{name}{separator}{elements}\n" for name, elements in (("Name", "Elements"), *ROWS)]
    (tmp_path / "lost.csv").write_text(around.format("".join(lines), separator))
    run = certified("contingency", outages="named", contingencies=str(tmp_path / "lost.csv"))
    assert run.of(run.result).failed == ()
    asked = requested(studied(run.params, run.context), run.params, run.context)
    assert [(one.name, one.branches.tolist(), one.units.tolist()) for one in asked] == READ


def test_another_files_study_is_refused(certified: Certify, tmp_path: Path) -> None:
    for name, lost in (("asked", "branch.2"), ("other", "branch.6")):
        (tmp_path / f"{name}.csv").write_text(f"name,elements\n{name},{lost}\n")
    run = certified("contingency", outages="named", contingencies=str(tmp_path / "asked.csv"))
    other = run.params.model_copy(update={"contingencies": InputFile(str(tmp_path / "other.csv"))})
    refused = run.operation.certify(other, run.result, run.context)
    assert {claim.name for claim in refused.failed} == {"outages_listed"}


def test_what_is_named_twice_is_lost_once(certified: Certify) -> None:
    twice = certified("contingency", outages="named", named=("unit=gen.2+gen.2",))
    assert twice.of(twice.result).failed == ()
