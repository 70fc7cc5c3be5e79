"""Stored files: whole or not there, checked when read, healed when stored again."""

import errno
import hashlib
import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest

from genba.core.errors import Conflict, DeviceError, NotFound, TooLarge
from genba.store.artifacts import ArtifactStore, Stored
from genba.store.disk import explained, write_durably

CONTENT = b"current in the line\n" * 100


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path)


def test_content_is_found_by_its_hash(store: ArtifactStore) -> None:
    stored = store.put([CONTENT[:7], CONTENT[7:]])
    assert stored == Stored(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    assert store.checked(stored.sha256).read_bytes() == CONTENT


def test_a_stored_file_cannot_be_written(store: ArtifactStore) -> None:
    assert store.checked(store.put([CONTENT]).sha256).stat().st_mode & 0o222 == 0


def test_a_file_that_is_here_already_is_not_copied(store: ArtifactStore, tmp_path: Path) -> None:
    file = tmp_path / "case.m"
    file.write_bytes(CONTENT)
    first = store.put_file(file)
    inode = store.path(first.sha256).stat().st_ino
    assert store.put_file(file) == first
    assert store.path(first.sha256).stat().st_ino == inode


def test_a_damaged_artifact_is_put_in_quarantine(store: ArtifactStore, tmp_path: Path) -> None:
    stored = store.put([CONTENT])
    _flip(store.path(stored.sha256))
    with pytest.raises(DeviceError, match="quarantine"):
        store.checked(stored.sha256)
    assert len(list((tmp_path / "quarantine").iterdir())) == 1
    with pytest.raises(NotFound):
        store.checked(stored.sha256)


def test_storing_a_file_again_heals_a_damaged_artifact(store: ArtifactStore, tmp_path: Path) -> None:
    file = tmp_path / "case.m"
    file.write_bytes(CONTENT)
    stored = store.put_file(file)
    _flip(store.path(stored.sha256))
    assert store.put_file(file) == stored
    assert store.checked(stored.sha256).read_bytes() == CONTENT


def test_a_stream_that_is_too_long_leaves_nothing(store: ArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="1000"):
        store.put([CONTENT], largest=1000)
    assert _files(tmp_path) == []


def test_a_stream_that_breaks_off_leaves_nothing(store: ArtifactStore, tmp_path: Path) -> None:
    def torn():
        yield CONTENT
        raise OSError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))

    with pytest.raises(DeviceError):
        store.put(torn())
    assert _files(tmp_path) == []


def test_an_output_that_is_not_what_was_announced_is_a_conflict(store: ArtifactStore, tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_bytes(CONTENT)
    with pytest.raises(Conflict, match="announced"):
        store.adopt(file, Stored("0" * 64, len(CONTENT)))
    assert not store.path("0" * 64).exists()


def test_adopting_twice_is_adopting_once(store: ArtifactStore, tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_bytes(CONTENT)
    announced = Stored(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    store.adopt(file, announced)
    store.adopt(file, announced)  # a supervisor that died in between comes here again
    assert store.checked(announced.sha256).read_bytes() == CONTENT


def test_only_what_is_old_is_removed(store: ArtifactStore) -> None:
    sha256 = store.put([CONTENT]).sha256
    modified = store.path(sha256).stat().st_mtime
    store.remove(sha256, older_than=modified - 1)
    assert store.path(sha256).exists()
    store.remove(sha256, older_than=modified + 1)
    assert not store.path(sha256).exists()


def test_what_an_interrupted_writer_left_is_swept(store: ArtifactStore, tmp_path: Path) -> None:
    left = tmp_path / "incoming" / "torn"
    left.parent.mkdir()
    left.write_bytes(b"half")
    store.sweep(older_than=left.stat().st_mtime - 1)
    assert left.exists()
    store.sweep(older_than=left.stat().st_mtime + 1)
    assert not left.exists()


def test_a_full_disk_is_reported_with_the_remedy_and_leaves_nothing(small_disk: Path) -> None:
    store = ArtifactStore(small_disk)
    with pytest.raises(DeviceError, match="free some space"):
        store.put([b"x" * (1 << 20)] * 8)
    assert _files(small_disk) == []
    assert store.checked(store.put([CONTENT]).sha256).read_bytes() == CONTENT


def test_a_file_size_limit_is_reported_and_leaves_nothing(store: ArtifactStore, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(DeviceError, match="ulimit"):
            store.put([b"x" * 8192])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert _files(tmp_path) == []


def test_a_durable_write_replaces_all_or_nothing(small_disk: Path) -> None:
    target = small_disk / "outcome.json"
    write_durably(target, b"old")
    with pytest.raises(DeviceError), explained(target):
        write_durably(target, b"x" * (8 << 20))
    assert target.read_bytes() == b"old"
    assert _files(small_disk) == [target]


@pytest.fixture
def small_disk(tmp_path: Path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk needs the right to mount one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _flip(path: Path) -> None:
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
