"""What is wrong with what a study is asked for."""

from genba.core.findings import FindingKind, Severity

NO_OUTAGES = FindingKind(
    "grid.no_outages",
    Severity.ERROR,
    "{case} has none of the outages asked for; give all as outages, or name some",
)
NO_NAMES = FindingKind(
    "grid.no_names",
    Severity.ERROR,
    "found outages named, and no contingency with a name; give named, contingencies or pairs, "
    "or all, branches or units as outages",
)
NO_VOLTAGE = FindingKind(
    "grid.no_voltage",
    Severity.ERROR,
    "vmin {vmin} p.u. is above vmax {vmax} p.u., so that no voltage is allowed; give the smaller one as vmin",
)
NO_AREA = FindingKind(
    "grid.no_area",
    Severity.ERROR,
    "{case} has no area {area}; it has: {allowed}",
)
MUCH_RECORDED = FindingKind(
    "grid.much_recorded",
    Severity.ERROR,
    "found {values} values of {scenarios} scenarios to record; at most {most} are kept in all: "
    "name fewer elements",
)
