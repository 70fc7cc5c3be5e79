"""The one way to compile a kernel: numba, cached under a digest of all that the code was made from."""

import hashlib
import os
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from genba.core.context import go_on, wait_for
from genba.core.errors import missing_extra
from genba.core.home import home

try:
    import numba
    from llvmlite import binding
    from numba.core.caching import FunctionCache
    from numba.core.codegen import JITCodeLibrary
    from numba.core.runtime.nrt import rtsys
except ModuleNotFoundError as error:
    raise missing_extra("numba", "grid") from error

numba.config.SLP_VECTORIZE = 1  # type: ignore[attr-defined]  # small dense blocks: 2x, measured on num.ldl

F = TypeVar("F", bound=Callable[..., Any])

VARIABLE = "GENBA_KERNELS"
"""Names another directory for compiled kernels than `<home>/numba`."""
COMPILING = "compiling kernels, once on this machine"
IMPORT = re.compile(r"^(?:from|import) (genba\.num[\w.]*|genba\.\w+\.kernels[\w.]*)", re.MULTILINE)
CONTRACT = {"contract", "nsz", "arcp"}
"""Floating-point freedom that fuses multiply and add but keeps order, NaN and infinity."""


class _Library(JITCodeLibrary):
    """A kernel's code, which calls no other library's; from the disk, its bitcode is parsed to link another.

    Numba parses it at once, which takes half of the time of loading, and only compiling has a use for it.
    """

    _bitcode: bytes | None = None

    def _finalize_final_module(self) -> None:
        """Make what is called part of the machine code, where no other library finds it.

        Numba leaves copies of what is called for all to use: then the first one loaded serves every caller,
        and last bits depend on what a process has loaded, for each copy was optimised where it stands.
        """
        if self._object_caching_enabled and self._compiled_object is None:  # just compiled
            self._keep_apart()
        super()._finalize_final_module()  # type: ignore[no-untyped-call]

    def _keep_apart(self) -> None:
        module: Any = self._final_module
        shared: Any = module.clone()
        for function in shared.functions:
            if not function.is_declaration and function.linkage == binding.Linkage.external:
                function.linkage = binding.Linkage.linkonce_odr
        self._shared_module = shared  # what other kernels are linked with
        for function in module.functions:
            if not function.is_declaration and function.linkage == binding.Linkage.linkonce_odr:
                function.linkage = binding.Linkage.internal

    @classmethod
    def _unserialize(cls, codegen: Any, state: Any) -> Any:
        name, _, (machine_code, bitcode) = state
        library: Any = codegen.create_library(name)
        library.enable_object_caching()
        library._set_compiled_object(machine_code)
        library._finalize_final_module()
        library._bitcode = bitcode
        return library

    def get_pointer_to_function(self, name: str) -> int:
        """Give the address of a function, 0 when it is not there."""
        if self._bitcode is None:
            return int(super().get_pointer_to_function(name))  # type: ignore[no-untyped-call]
        return int(self._codegen._engine.get_function_address(name))  # the engine has no list of its names

    def _get_module_for_linking(self) -> Any:
        if self._bitcode is not None:
            self._shared_module, self._bitcode = binding.parse_bitcode(self._bitcode), None
            self._codegen._engine._load_defined_symbols(self._shared_module)  # type: ignore[no-untyped-call]
        return super()._get_module_for_linking()  # type: ignore[no-untyped-call]


class _Kept(FunctionCache):
    """Numba's cache of one function, which loads machine code without making ready to compile some.

    Filling the registries of all that numba can compile takes half as long as importing it; code from disk
    needs the memory of arrays alone. The first compilation fills them in any case.
    """

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Give the compiled function of a signature, or None where none is kept: then it is compiled now."""
        rtsys.initialize(target)
        target.codegen()._library_class = _Library
        found = self._load_overload(signature, target)  # type: ignore[no-untyped-call]
        if found is None:
            wait_for(COMPILING)
        return found

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a function that has been compiled."""
        super().save_overload(signature, compiled)  # type: ignore[no-untyped-call]
        go_on()


def kernel(function: F) -> F:
    """Compile `function` at its first call, without the interpreter lock, and keep the machine code.

    Numba notices an edit of the function's own file only. So the cache of a file lies in a directory that is
    named after the sources of this file and of all kernel files that it imports, numba and the processor.
    """
    return _compiled(function)


def borrowing(function: F) -> F:
    """Compile a kernel that borrows its arrays: it makes none and gives none, so none of them is counted.

    A kernel counts references to every array of every named tuple that it is given, once in and once out,
    each by a locked instruction of some 6 ns: more than half the time of eight power flows of 14 buses.
    Elements and slices may be read and written, but nothing that makes an array may be called, `ravel` and
    `copy` included: nobody would ever give it back.
    """
    return _compiled(function, _nrt=False)


def _compiled(function: F, **options: Any) -> F:
    """Compile `function` once for Python, and once for kernels that call it, each when it is first asked for.

    Taking arrays out of Python's tuples is a function of its own, as large as the kernel where those are many
    and nested; between kernels nobody calls it.
    """
    directory = _directory(function.__module__)
    called: Any = _dispatcher(function, directory, no_cfunc_wrapper=True, **options)
    within: Any = _dispatcher(
        function, directory / "within", no_cfunc_wrapper=True, no_cpython_wrapper=True, **options
    )
    called.get_call_template, called.get_overload = within.get_call_template, within.get_overload
    kept: F = called
    return kept


def _dispatcher(function: Callable[..., Any], directory: Path, **options: Any) -> Any:
    numba.config.CACHE_DIR = str(directory)  # type: ignore[attr-defined]  # made at run time
    compiled: Any = numba.njit(nogil=True, fastmath=CONTRACT, error_model="numpy", **options)(function)
    compiled._cache = _Kept(function)  # type: ignore[no-untyped-call]
    return compiled


def inlined(function: F) -> F:
    """Compile `function` into every kernel that calls it; it has no cache and no call of its own."""
    compiled: Any = numba.njit(inline="always", nogil=True, fastmath=CONTRACT, error_model="numpy")(function)
    kept: F = compiled
    return kept


@cache
def _directory(module: str) -> Path:
    body = hashlib.sha256(_machine().encode())
    for path in sorted(_sources(module)):
        body.update(path.read_bytes())
    return _root() / body.hexdigest()[:16]


@cache
def _root() -> Path:
    return Path(os.environ.get(VARIABLE) or home() / "numba").absolute()


@cache
def _machine() -> str:
    features = binding.get_host_cpu_features().flatten()
    return f"{numba.__version__} {sys.version} {binding.get_host_cpu_name()} {features}"


@cache
def _sources(module: str) -> frozenset[Path]:
    """Give a module's file and those of the kernel modules that it imports, transitively."""
    path = Path(str(sys.modules[module].__file__))
    package = next(parent for parent in path.parents if parent.name == "genba")
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        for name in IMPORT.findall(one.read_text(encoding="utf-8")):
            stem = package.parent.joinpath(*name.split("."))
            waiting += [file for file in (stem.with_suffix(".py"), stem / "__init__.py") if file.exists()]
    return frozenset(found)
