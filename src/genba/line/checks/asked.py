"""What is wrong with what a study is asked for."""

from genba.core.findings import FindingKind, Severity

NO_CYCLE = FindingKind(
    "line.no_cycle",
    Severity.ERROR,
    "neither a cycle time nor a demand with shifts is given",
)
NO_PLAN = FindingKind(
    "line.no_plan",
    Severity.ERROR,
    "cycle_time: the line has neither demand with shifts nor a planned cycle; give cycle_time in s",
)
NO_TIMES = FindingKind(
    "line.no_times",
    Severity.ERROR,
    "no task takes any time, so there is nothing to balance",
)
NO_NUMBER = FindingKind(
    "line.no_number",
    Severity.ERROR,
    "objective {objective} needs the number of stations",
)
NO_STAFF = FindingKind(
    "line.no_staff",
    Severity.ERROR,
    "the line has neither workers nor groups of people or robots",
)
LONG_TASK = FindingKind(
    "line.long_task",
    Severity.ERROR,
    "a task takes {time} s, more than the cycle",
)
LONG_FOR_PLACES = FindingKind(
    "line.long_for_places",
    Severity.ERROR,
    "a task takes {time} s, more than {places} places in a cycle of {cycle} s",
)
NO_STATIONS = FindingKind(
    "line.nothing_to_sequence",
    Severity.ERROR,
    "the line has no stations, so there is no work to spread; balance it first, or add stations",
)
NO_LINE = FindingKind(
    "line.no_line",
    Severity.ERROR,
    "no station has tasks, so there is nothing to redesign; balance the line first",
)
NO_PRODUCT = FindingKind(
    "line.unknown_product",
    Severity.ERROR,
    "there is no product {product}; there are {products}",
)
NO_SHIFTS = FindingKind(
    "line.no_shifts",
    Severity.ERROR,
    "the line has no shifts, so no breaks; write them",
)
NO_TARGET = FindingKind(
    "line.no_target",
    Severity.ERROR,
    "found no target for the least cost to reach; give one, or a budget",
)
TARGET_AND_BUDGET = FindingKind(
    "line.target_and_budget",
    Severity.ERROR,
    "with a budget, a target is reached at the least cost; ask for it",
)
FEW_PLACES = FindingKind(
    "line.few_places",
    Severity.ERROR,
    "found {places} places at most, fewer than today's {today}",
)
