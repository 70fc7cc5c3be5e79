"""The AI factory: what runs operations, keeps their record and brings back their results."""

from genba.core.domain import Domain

DOMAIN = Domain(
    name="factory",
    title="Factory: the engine that runs everything else",
    verbs={"probe": "Rehearse the engine: wait, hold memory, read a file, then end as asked."},
)

__getattr__ = DOMAIN.attribute
