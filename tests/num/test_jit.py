"""Kernels that borrow make no array, and those that kernels call raise what they raise.

Nobody would ever give an array back that a kernel made which does not count references.
"""

import ast
import importlib
import inspect
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import numpy as np
import pytest

import genba
from genba.num.jit import COMPILING
from genba.num.lu.factor import HOLDS, factorize, factors_of
from genba.num.lu.solve import solve
from genba.num.lu.structure import structure_of

INNER = """
import math
from genba.num.jit import kernel

@kernel
def checked(x):
    if x < 0.0:
        raise ValueError("below zero")
    return math.sqrt(x)

@kernel
def one(x):
    return checked(x) + 1.0

@kernel
def two(x):
    return one(x) + checked(x)
"""
CALLS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from inner_kernels import checked, one, two

def tried(function, x):
    try:
        return function(x)
    except ValueError as error:
        return str(error)

functions = two, one, checked
answers = [tried(function, x) for function in functions for x in (4.0, -1.0)]
print(json.dumps([answers, [sum(function.stats.cache_hits.values()) for function in functions]]))
"""
LINKS = """
import json, sys
sys.path.insert(0, sys.argv[1])
import inner_kernels

function = getattr(inner_kernels, sys.argv[2])
print(json.dumps([function(4.0), sum(function.stats.cache_hits.values())]))
"""
OWN = """
import json, re, sys
sys.path.insert(0, sys.argv[1])
import inner_kernels

inner_kernels.many(4.0)
library = next(iter(inner_kernels.many.overloads.values())).library
print(json.dumps(sorted(set(re.findall("^define ([a-z_]+) .*(?:many|bulky)", library.get_llvm_str(), re.M)))))
"""
BULKY = (
    """
@kernel
def bulky(x):
    y = x
    for k in range(int(x)):
"""
    + "".join(f"        y = math.sin({part}.0 * y) / (x + math.cos(y))\n" for part in range(60))
    + """
    return y

@kernel
def many(x):
    return bulky(x) + bulky(x + 1.0) + bulky(x + 2.0)
"""
)
WAITS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from genba.core.context import Context, at_work
from genba.core.errors import Cancelled
from inner_kernels import two

def tried(stops):
    heard, given = [], ""
    context = Context(report=lambda fraction, message: heard.append(message), cancelled=lambda: stops(heard))
    with at_work(context):
        try:
            context.progress(0.5, "solving")
            given = two(4.0) + two(4.0)
        except Cancelled as error:
            given = str(error)
    return given, heard

tries = (lambda heard: len(heard) == 3), (lambda heard: False), (lambda heard: False)
print(json.dumps([tried(stops) for stops in tries]))
"""
BUILTINS = {"abs", "bool", "complex", "int", "len", "max", "min", "range"}
SCALARS = (None, bool, complex, float, int)


def holds_no_array(function: Callable[..., Any]) -> bool:
    """Tell whether what a function gives is nothing, a number, or a tuple of such."""
    return has_no_array(inspect.get_annotations(function, eval_str=True)["return"])


def has_no_array(given: Any) -> bool:
    return given in SCALARS or (get_origin(given) is tuple and all(map(has_no_array, get_args(given))))


def borrowers() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Give every kernel of the package that borrows, by name."""
    root = Path(genba.__file__).parent
    for path in root.rglob("*.py"):
        if "@borrowing\n" not in path.read_text(encoding="utf-8"):
            continue
        module = ".".join(("genba", *path.relative_to(root).with_suffix("").parts))
        for name, value in vars(importlib.import_module(module)).items():
            options = getattr(value, "targetoptions", {})
            if options.get("_nrt") is False and value.py_func.__module__ == module:
                yield f"{module}.{name}", value.py_func


KERNELS = dict(borrowers())


def test_there_are_kernels_that_borrow() -> None:
    assert "genba.grid.kernels.newton_lanes.advance" in KERNELS


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_kernels_that_borrow_give_no_array(name: str) -> None:
    assert holds_no_array(KERNELS[name])


def calls_of(function: Callable[..., Any]) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Call):
            yield node


def is_named_tuple(called: Any) -> bool:
    return inspect.isclass(called) and issubclass(called, tuple)


def gives_what_is_there(called: Any) -> bool:
    """Tell whether a function gives no array, or is compiled into its caller and groups its own."""
    if holds_no_array(called.py_func):
        return True
    names = [ast.unparse(call.func) for call in calls_of(called.py_func)]
    groups = all(is_named_tuple(called.py_func.__globals__.get(name)) for name in names)
    return called.targetoptions.get("inline") == "always" and groups


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_kernels_that_borrow_call_nothing_that_gives_an_array(name: str) -> None:
    function = KERNELS[name]
    for call in calls_of(function):
        if isinstance(call.func, ast.Attribute):
            assert ast.unparse(call.func).startswith("math."), ast.unparse(call)
        elif isinstance(call.func, ast.Name) and call.func.id not in BUILTINS:
            called = function.__globals__[call.func.id]  # named tuples group what is there already
            assert is_named_tuple(called) or gives_what_is_there(called), ast.unparse(call)


def test_borrowing_keeps_hold_of_nothing() -> None:
    start, columns = np.array([0, 2, 4]), np.array([0, 1, 0, 1])
    structure = structure_of(2, start, columns)
    factors, right = factors_of(structure), np.ones((2, 2))
    values = np.array(
        [[2.0, 0.0, 0.0, 2.0], [1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0], [2.0, 0.0, 0.0, 2.0]]
    )
    held = [*structure, *factors, values, right]
    counts = []
    for _ in range(3):
        right[:] = 1.0
        assert factorize(structure, values, factors) == HOLDS
        solve(structure, factors, right)
        np.testing.assert_allclose(right, 1.0 / 3.0, rtol=1e-15)
        counts.append([sys.getrefcount(array) for array in held])
    assert counts[1] == counts[2]


def test_kernels_called_by_kernels_and_by_python_are_right_when_new_and_when_kept(tmp_path: Path) -> None:
    folder = tmp_path / "genba"  # where the digest of sources looks for a kernel's file
    folder.mkdir()
    (folder / "inner_kernels.py").write_text(INNER, encoding="utf-8")
    environment = {**os.environ, "GENBA_KERNELS": str(tmp_path / "kernels")}
    command = [sys.executable, "-c", CALLS, str(folder)]
    new, kept = (
        json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
        for _ in range(2)
    )
    assert new == [[5.0, "below zero", 3.0, "below zero", 2.0, "below zero"], [0, 0, 0]]
    assert kept == [new[0], [1, 1, 1]]


def test_a_kernel_calls_its_own_copies_of_others(tmp_path: Path) -> None:
    """One that all libraries of a process share would be the one that happened to be loaded first."""
    folder = tmp_path / "genba"
    folder.mkdir()
    (folder / "inner_kernels.py").write_text(INNER + BULKY, encoding="utf-8")
    environment = {**os.environ, "GENBA_KERNELS": str(tmp_path / "kernels")}
    command = [sys.executable, "-c", OWN, str(folder)]
    found = subprocess.run(command, env=environment, capture_output=True, check=True).stdout
    assert "internal" in json.loads(found)
    assert "linkonce_odr" not in json.loads(found)


def test_new_kernels_are_linked_with_kept_ones(tmp_path: Path) -> None:
    folder = tmp_path / "genba"
    folder.mkdir()
    (folder / "inner_kernels.py").write_text(INNER, encoding="utf-8")
    environment = {**os.environ, "GENBA_KERNELS": str(tmp_path / "kernels")}
    answers = [
        json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
        for name in ("one", "two", "two")
        for command in [[sys.executable, "-c", LINKS, str(folder), name]]
    ]
    assert answers == [[3.0, 0], [5.0, 0], [5.0, 1]]


def test_who_waits_for_compiling_is_told_and_can_stop_it(tmp_path: Path) -> None:
    folder = tmp_path / "genba"
    folder.mkdir()
    (folder / "inner_kernels.py").write_text(INNER, encoding="utf-8")
    environment = {**os.environ, "GENBA_KERNELS": str(tmp_path / "kernels")}
    command = [sys.executable, "-c", WAITS, str(folder)]
    ran = subprocess.run(command, env=environment, capture_output=True, check=True)
    (stopped, before), (given, heard), (later, kept) = json.loads(ran.stdout)
    waiting = f"solving: {COMPILING}"
    assert (stopped, before) == ("cancelled on request", ["solving", waiting, waiting])
    assert given == later == 10.0
    assert heard == ["solving", *([waiting] * 3), "solving"]
    assert kept == ["solving"]
