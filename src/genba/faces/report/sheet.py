"""What one report is made of, gathered once; sections only read it."""

from dataclasses import dataclass
from typing import Any

from genba.core.operation import Operation
from genba.core.run import Attempt, Run
from genba.core.views import Views
from genba.faces.labels import Text, tables
from genba.faces.words import say
from genba.factory import registry
from genba.factory.factory import Factory
from genba.num.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A run with everything that its report shows, and the reader's language."""

    run: Run
    operation: Operation[Any, Any]
    attempts: tuple[Attempt, ...]
    views: Views
    tables: tuple[Table, ...]
    language: str

    def say(self, key: str, english: str, **arguments: Any) -> str:
        """Give a text of the report in the reader's language."""
        return say(self.language, key, english, **arguments)

    def label(self, text: Text) -> str:
        """Give a part of the contract in the reader's language."""
        return say(self.language, text.key, text.english)


def gather(factory: Factory, run_id: str, language: str) -> Sheet:
    """Read what a report shows; a run without a result has no views and no tables.

    Raises:
        NotFound: when there is no such run.
    """
    run = factory.run(run_id)
    operation = registry.operation(run.operation)
    there = run.result is not None
    return Sheet(
        run=run,
        operation=operation,
        attempts=tuple(factory.attempts(run.id)),
        views=factory.views(run.id) if there else Views(),
        tables=tuple(factory.table(run.id, columns.name) for _, columns in tables(operation))
        if there
        else (),
        language=language,
    )
