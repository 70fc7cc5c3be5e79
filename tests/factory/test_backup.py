"""Backups: whole, checked, and harmless whatever somebody put into the file."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from genba.core.errors import Conflict, DeviceError, GenbaError, InputError
from genba.core.run import State
from genba.factory.backup import backup, restore
from genba.factory.factory import Factory
from genba.factory.follow import execute


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A home with one ended and one waiting run, and its backup."""
    folder = tmp_path_factory.mktemp("backup")
    (folder / "input").write_bytes(b"input")
    with Factory.open(folder / "home") as factory:
        run = factory.submit("factory.probe", {"file": str(folder / "input")})
        execute(factory, run.id)
        factory.submit("factory.probe", {"seconds": 0.1})
    backup(folder / "home", folder / "kept.tar.gz")
    return folder / "home", folder / "kept.tar.gz", run.id


@pytest.mark.parametrize("name", ["nothing.tar.gz", "."])
def test_a_backup_that_is_no_file_is_named_and_not_the_home(tmp_path: Path, name: str) -> None:
    file, home = tmp_path / name, tmp_path / "home"
    with pytest.raises(InputError, match="found no file here") as caught:
        restore(file, home)
    assert caught.value.where == str(file)
    assert not home.exists()


def test_a_restored_home_answers_like_the_old_one(kept, tmp_path: Path) -> None:
    home, file, run_id = kept
    restore(file, tmp_path / "new")
    with Factory.open(home) as old, Factory.open(tmp_path / "new") as new:
        assert new.run(run_id) == old.run(run_id)
        assert new.events(run_id) == old.events(run_id)
        assert new.output(run_id, "echo")[1].read_bytes() == b"input"
        assert new.log(run_id) == old.log(run_id)
        waiting = next(run for run in new.runs().items if run.id != run_id)
        assert execute(new, waiting.id).state is State.SUCCEEDED


def test_a_home_that_is_not_empty_is_not_touched(kept, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(Conflict, match="not empty"):
        restore(kept[1], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_backup_is_not_overwritten(kept) -> None:
    before = kept[1].read_bytes()
    with pytest.raises(Conflict, match="exists"):
        backup(kept[0], kept[1])
    assert kept[1].read_bytes() == before


def test_a_damaged_artifact_stops_the_backup(kept, tmp_path: Path) -> None:
    restore(kept[1], tmp_path / "new")
    stored = next(path for path in (tmp_path / "new" / "artifacts").rglob("*") if path.is_file())
    stored.chmod(0o600)
    stored.write_bytes(b"Input")
    with pytest.raises(DeviceError, match="damaged"):
        backup(tmp_path / "new", tmp_path / "kept.tar.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_backup_restores_nothing(kept, tmp_path: Path, share: float) -> None:
    whole = kept[1].read_bytes()
    (tmp_path / "torn.tar.gz").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError):
        restore(tmp_path / "torn.tar.gz", tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["torn.tar.gz"]


def test_any_flipped_byte_is_refused_or_harmless(kept, tmp_path: Path) -> None:
    whole = kept[1].read_bytes()
    with Factory.open(kept[0]) as factory:
        expected = factory.run(kept[2])
    for position in range(0, len(whole), max(1, len(whole) // 25)):
        torn = bytearray(whole)
        torn[position] ^= 0x10
        file, home = tmp_path / f"{position}.tar.gz", tmp_path / f"home{position}"
        file.write_bytes(torn)
        try:
            restore(file, home)
        except GenbaError:
            assert not home.exists()
        else:  # gzip's header has bytes that mean nothing
            with Factory.open(home) as factory:
                assert factory.run(kept[2]) == expected


def _hostile(kept, target: Path, *, name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> Path:
    """Give the backup with one more member, announced in the manifest as if it belonged there."""
    with tarfile.open(kept[1]) as source, tarfile.open(target, "w:gz") as copy:
        for member in source.getmembers():
            content = source.extractfile(member).read()
            if member.name == "manifest.json":
                manifest = json.loads(content)
                empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
                manifest["files"][name] = [empty, 0]
                content = json.dumps(manifest).encode()
                member.size = len(content)
            copy.addfile(member, io.BytesIO(content))
        extra = tarfile.TarInfo(name)
        extra.type, extra.linkname = kind, link
        copy.addfile(extra)
    return target


@pytest.mark.parametrize(
    ("name", "kind", "link"),
    [
        ("../outside", tarfile.REGTYPE, ""),
        ("/tmp/genba-outside", tarfile.REGTYPE, ""),
        ("artifacts/../../outside", tarfile.REGTYPE, ""),
        ("artifacts/aa/" + "a" * 64, tarfile.SYMTYPE, "/etc/passwd"),
        ("artifacts/aa/" + "a" * 64, tarfile.LNKTYPE, "record.sqlite"),
        ("artifacts/aa/" + "a" * 64, tarfile.REGTYPE, ""),  # its content has another hash than its name
        ("artifacts/aa/" + "a" * 64, tarfile.FIFOTYPE, ""),
        ("server.json", tarfile.REGTYPE, ""),
    ],
)
def test_a_hostile_member_is_refused(kept, tmp_path: Path, name: str, kind: bytes, link: str) -> None:
    file = _hostile(kept, tmp_path / "hostile.tar.gz", name=name, kind=kind, link=link)
    with pytest.raises(InputError):
        restore(file, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["hostile.tar.gz"]
    assert not Path("/tmp/genba-outside").exists()
