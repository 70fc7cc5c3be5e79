"""Care for a home: `backup`, `restore` and `db upgrade`."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from genba.core.home import home
from genba.faces.cli.document import document
from genba.faces.cli.options import HERE, Access
from genba.faces.cli.terminal import show, text
from genba.factory.backup import backup as keep
from genba.factory.backup import restore as bring_back
from genba.store.upgrade import upgrade as bring_up_to_date

File = Annotated[Path, Parameter(help="Backup file.")]
db = App(name="db", help="Care for the record's database.")


@db.command
def upgrade(*, access: Access = HERE) -> int:
    """Bring the record to the form that this version needs, after a copy of it was kept."""
    place = home(access.home)
    copy = bring_up_to_date(place)
    sentence = f"upgraded; the record as it was is {copy}" if copy else "the record is up to date"
    return _done(access, sentence, home=place, copy=copy)


def backup(file: File, *, access: Access = HERE) -> int:
    """Copy the home directory's record and artifacts into one file."""
    place = home(access.home)
    keep(place, file)
    return _done(access, f"kept {place} in {file} ({file.stat().st_size:,} bytes)", home=place, file=file)


def restore(file: File, *, access: Access = HERE) -> int:
    """Bring a backup back into an empty home directory."""
    place = home(access.home)
    bring_back(file, place)
    return _done(access, f"{file} is now {place}", home=place, file=file)


def _done(access: Access, sentence: str, **facts: object) -> int:
    if access.json:
        document({name: value and str(value) for name, value in facts.items()})
    else:
        show(text(sentence))
    return 0
