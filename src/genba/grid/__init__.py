"""Production line 1: studies of a power transmission grid."""

from genba.core.domain import Domain

DOMAIN = Domain(
    name="grid",
    title="Power grid: dispatch, power flow and contingency studies",
    verbs=("dispatch", "powerflow", "contingency"),
    catalogues={"pglib": "pglib"},
)

__getattr__ = DOMAIN.attribute
