"""Production line 1: studies of a power transmission grid."""

from genba.core.domain import Domain

DOMAIN = Domain(
    name="grid",
    title="Power grid: optimal power flow, dispatch, power flow and contingency studies",
    verbs={
        "opf": (
            "Find the cheapest state of a grid within its limits, with prices; or name the limits to relax."
        ),
        "dispatch": (
            "Dispatch units at least cost through a DC network, or prove that the limits allow no dispatch."
        ),
        "powerflow": "Solve the AC power flow of a grid: voltages, flows, losses and unit outputs.",
        "contingency": "Study the outage of every branch and unit: overloads, voltages, what is cut off.",
    },
    catalogues={"pglib": "pglib"},
    progress=(
        "reading the case",
        "checking the case",
        "preparing",
        "starting",
        "solving",
        "solving # buses, # branches, # units",
        "# iterations",
        "# iterations, gap #",
        "# iterations, violation # p.u., residual #, barrier #",
        "# iterations, violation # p.u., residual #, barrier #, restoring feasibility",
        "relaxation",
        "# iterations, violation #, residual #, barrier #",
        "reporting",
        "solving the base",
        "ranking pairs of branches, #%",
        "# of # outages",
        "# of # scenarios",
        "an independent Newton from the same start",
        "pairs of # of # branches",
        "what # of # outages cut off",
        "# of # outages solved again",
        "# of # scenarios solved again",
        "# of # divergences tried again",
    ),
)

__getattr__ = DOMAIN.attribute
