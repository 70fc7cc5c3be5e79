import pytest
from pydantic import TypeAdapter, ValidationError

from genba.core.inputs import InputFile, input_files
from genba.grid.records.powerflow import PowerflowParams

FILE = TypeAdapter(InputFile)
HASH = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "local", "artifact", "output", "catalogue"),
    [
        ("case.m", True, False, None, None),
        ("./pglib:case14", True, False, None, None),
        ("C:/grid/case.m", True, False, None, None),
        (HASH, False, True, None, None),
        ("@01HZX/units", False, False, ("01HZX", "units"), None),
        ("@01HZX", False, False, ("01HZX", None), None),
        ("pglib:case14_ieee", False, False, None, ("pglib", "case14_ieee")),
    ],
)
def test_an_input_file_has_one_of_four_forms(
    text: str,
    local: bool,
    artifact: bool,
    output: tuple[str, str | None] | None,
    catalogue: tuple[str, str] | None,
) -> None:
    file = FILE.validate_python(text)
    assert (file.is_local, file.is_artifact, file.output, file.catalogue) == (
        local,
        artifact,
        output,
        catalogue,
    )


@pytest.mark.parametrize(
    "text", ["", "@", "@/x", "@../x", "sha256:12", "sha256:" + "G" * 64, "a\0b", "x" * 5000]
)
def test_what_names_no_file_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        FILE.validate_python(text)


@pytest.mark.parametrize("text", ["/etc/passwd", "case.m", "../x.m", "file:///etc/passwd"])
def test_a_server_reads_no_path(text: str) -> None:
    with pytest.raises(ValidationError, match="upload"):
        FILE.validate_python(text, context={"local_files": False})


def test_a_server_takes_artifacts_outputs_and_catalogue_entries() -> None:
    for text in (HASH, "@01HZX/units", "pglib:case14_ieee"):
        assert FILE.validate_python(text, context={"local_files": False}) == text


def test_every_input_file_of_a_record_is_found_with_its_default_output() -> None:
    params = PowerflowParams.model_validate({"case": "case.m", "generation": "@01HZX"})
    assert list(input_files(params)) == [("case", "case.m", None), ("generation", "@01HZX", "dispatch_units")]


def test_a_choice_is_not_taken_for_a_file() -> None:
    params = PowerflowParams.model_validate({"case": "case.m", "generation": "balanced"})
    assert list(input_files(params)) == [("case", "case.m", None)]
