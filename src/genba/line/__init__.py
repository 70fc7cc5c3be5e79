"""Production line 2: planning of assembly lines."""

from genba.core.domain import Domain

DOMAIN = Domain(
    name="line",
    title="Assembly lines: balancing, sequencing, simulation and buffers",
    verbs=("balance", "redesign", "sequence", "simulate", "buffers"),
    catalogues={"example": "example"},
    templates=(".xlsx", ".toml"),
)

__getattr__ = DOMAIN.attribute
