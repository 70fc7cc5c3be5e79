"""Powers of branches in an optimal power flow are those of their two-ports, at small angles and at large."""

import numpy as np
import pytest

from genba.grid.kernels.opf_flows import LINES, PORTS, SMALL, WAVES, flows

ROUNDING = 1e-13
"""Of powers of up to 10 p.u. in all."""


@pytest.mark.parametrize("widest", [1e-9, 0.1, SMALL, np.pi, 20.0])
def test_powers_are_those_of_complex_voltages(widest: float) -> None:
    rng = np.random.default_rng(0)
    m = 500
    lines = np.zeros((m, LINES), np.int64)
    lines[:, 0], lines[:, 1] = np.arange(m), np.arange(m, 2 * m)
    ports = np.zeros((m, PORTS))
    ports[:, :8] = rng.uniform(-5, 5, (m, 8))
    va = rng.uniform(-widest / 2, widest / 2, 2 * m)
    vm = rng.uniform(0.9, 1.1, 2 * m)
    waves = np.zeros((m, WAVES))
    flows(va, vm, lines, ports, waves)
    v = vm * np.exp(1j * va)
    y = ports[:, 0:8:2] + 1j * ports[:, 1:8:2]
    into_from = v[:m] * np.conj(y[:, 0] * v[:m] + y[:, 1] * v[m:])
    into_to = v[m:] * np.conj(y[:, 2] * v[:m] + y[:, 3] * v[m:])
    expected = np.column_stack([into_from.real, into_from.imag, into_to.real, into_to.imag])
    np.testing.assert_allclose(waves[:, 4:], expected, atol=ROUNDING)
