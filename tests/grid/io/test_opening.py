import pytest

from genba.core.context import Context
from genba.core.errors import Cancelled, InputError
from genba.core.inputs import InputFile
from genba.grid.io.matrix import CHUNK
from genba.grid.io.opening import open_case
from genba.grid.records.case import CaseParams

TEXT = """function mpc = s
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [7 3 10 1 0 0 1 1 0 230 1 1.1 0.9; 3 1 20 2 0 0 1 1 0 230 1 1.1 0.9];
mpc.gen = [7 50 0 30 -30 1.02 100 1 80 0];
mpc.branch = [7 3 0.01 0.1 0.02 60 70 80 0 0 1 -360 360];
mpc.note = 'kept';
"""


@pytest.fixture
def params(tmp_path):
    (tmp_path / "s.m").write_text(TEXT)
    return CaseParams(case=InputFile(str(tmp_path / "s.m")), set=("bus.3.pd=25",))


def test_a_case_is_opened_with_its_changes_and_its_findings_are_kept(params):
    context = Context()
    case = open_case(params, context)
    assert case.bus["pd"].tolist() == [10.0, 25.0]
    assert [found.code for found in context.findings] == ["grid.section_kept", "grid.no_costs"]


def test_a_change_that_ruins_the_case_is_found_by_the_checks(params):
    ruined = params.model_copy(update={"set": ("branch.1.x=0", "branch.1.r=0", "bus.*.type=1")})
    with pytest.raises(InputError, match="r and x are both 0.*and 1 more") as caught:
        open_case(ruined, Context())
    assert caught.value.where == "branch 1 (line 6)"


def test_a_large_case_is_read_in_pieces_between_which_the_run_can_be_cancelled(tmp_path):
    buses = "\n".join(f"{n} 1 0 0 0 0 1 1 0 230 1 1.1 0.9;" for n in range(10, 120_000))
    text = TEXT.replace("mpc.bus = [", f"mpc.bus = [\n{buses}\n")
    (tmp_path / "large.m").write_text(text)
    params = CaseParams(case=InputFile(str(tmp_path / "large.m")))
    pieces = len(text) // CHUNK
    assert pieces >= 3
    asked = 0

    def cancelled_at(last):
        def cancelled():
            nonlocal asked
            asked += 1
            return asked == last

        return cancelled

    for last in (1, 2, 3 + pieces):
        asked = 0
        with pytest.raises(Cancelled):
            open_case(params, Context(cancelled=cancelled_at(last)))
        assert asked == last
    asked = 0
    assert len(open_case(params, Context(cancelled=cancelled_at(None))).bus) == 119_992
    assert asked > 3 + pieces
