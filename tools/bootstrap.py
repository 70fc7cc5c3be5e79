"""Create `.venv` and install genba into it, once for each state of pyproject.toml and constraints.txt.

Needs Python 3.11 or newer and its standard library only. Usage: python3 tools/bootstrap.py EXTRA [--browser]
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
BESIDE_DEV = ("rivals", "cuda", "pardiso")
"""Extras that dev does not bring."""


def main(extra: str, browser: bool) -> None:
    """Make the environment ready for `extra`, and a browser for the console's tests when asked."""
    if sys.version_info < OLDEST:
        sys.exit(f"genba needs Python 3.11 or newer, found {sys.version.split()[0]}; use: make PYTHON=...")
    wanted = _digest()
    covering = {extra} if extra in BESIDE_DEV else {extra, "dev"}
    if not any(_is_installed(name, wanted) for name in covering):
        _create()
        _install(extra)
        _stamp(extra).write_text(wanted)
    if browser:
        _browser()


def _digest() -> str:
    body = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    return hashlib.sha256(body + str(ROOT).encode()).hexdigest()


def _stamp(extra: str) -> Path:
    return VENV / f"genba-{extra}.stamp"


def _is_installed(extra: str, wanted: str) -> bool:
    return PYTHON.exists() and _stamp(extra).exists() and _stamp(extra).read_text() == wanted


def _create() -> None:
    if PYTHON.exists():
        return
    print("genba: creating .venv", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    if _runs(sys.executable, "-m", "venv", VENV):
        return
    shutil.rmtree(
        VENV, ignore_errors=True
    )  # venv leaves half an environment behind where ensurepip is missing
    if _runs(sys.executable, "-m", "virtualenv", "-q", VENV) or _borrowed_virtualenv():
        return
    if _apt("python3-venv") and _runs(sys.executable, "-m", "venv", VENV):
        return
    sys.exit("genba: this Python has neither ensurepip, virtualenv nor pip; run: apt install python3-venv")


def _borrowed_virtualenv() -> bool:
    """Install virtualenv beside the checkout's environment, with the pip that the system has, and use it."""
    place = ROOT / ".virtualenv"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--target", place, "virtualenv"]
    try:
        environment = {**os.environ, "PYTHONPATH": str(place)}
        return _runs(*pip) and _runs(sys.executable, "-m", "virtualenv", "-q", VENV, env=environment)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _install(extra: str) -> None:
    print(f"genba: installing genba[{extra}] (once; a minute or two)", flush=True)
    command = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary", ":all:"]
    command += ["-c", ROOT / "constraints.txt", "-e", f"{ROOT}[{extra}]"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        sys.exit(
            "genba: the installation failed; the lines above say why. Run the same command again when mended"
        )


def _browser() -> None:
    if shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome"):
        return
    if not _apt("chromium", "fonts-noto-cjk"):
        print("genba: no chromium and no right to install it: the console's browser tests will be skipped")


def _apt(*packages: str) -> bool:
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    print(f"genba: apt-get install {' '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return _runs(*install, env=environment) or (
        _runs("apt-get", "update", "-qq", env=environment) and _runs(*install, env=environment)
    )


def _runs(*command: object, env: dict[str, str] | None = None) -> bool:
    words = [str(word) for word in command]
    return subprocess.run(words, env=env, check=False, stdout=subprocess.DEVNULL).returncode == 0


if __name__ == "__main__":
    main(sys.argv[1], "--browser" in sys.argv[2:])
