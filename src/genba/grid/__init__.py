"""Production line 1: studies of a power transmission grid."""

from genba.core.domain import Domain

DOMAIN = Domain(
    name="grid",
    title="Power grid: optimal power flow, dispatch, power flow and contingency studies",
    verbs=("opf", "dispatch", "powerflow", "contingency"),
    catalogues={"pglib": "pglib"},
)

__getattr__ = DOMAIN.attribute
