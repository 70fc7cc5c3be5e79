"""Production line 2: planning of assembly lines."""

from genba.core.domain import Domain

DOMAIN = Domain(
    name="line",
    title="Assembly lines: balancing, sequencing, simulation and buffers",
    verbs={
        "balance": "Balance a line: give its tasks to stations, and prove how good that is.",
        "redesign": "Redesign a line with as little change as possible, for every number of stations.",
        "sequence": "Order the launches of several products: least work overload, or the most even mix.",
        "simulate": (
            "Simulate a line until its throughput is known as well as asked for, with intervals and "
            "bottlenecks."
        ),
        "buffers": (
            "Spread buffer places, and staff, over a line: most throughput, or fewest places for a "
            "throughput."
        ),
    },
    catalogues={"example": "example"},
    templates=(".xlsx", ".toml"),
    progress=(
        "best # stations, at least #, # partial lines",
        "best # stations, at least #",
        "best cycle # s, at least # s",
        "best # stations of # s, # % at most",
        "with rules",
        "writing the program down",
        "looking for a line that keeps them",
        "improving a line that keeps them",
        "the line found is at most # % above the best possible",
        "# stations",
        "looking for a plan",
        "improving the plan found, #",
        "best #, at least #",
        "overload # s, up to # states a launch",
        "looking for the warm-up",
        "first replications",
        "# replications, half-width # %",
        "one long run",
        "asking what throughput depends on",
        "trying designs",
        "reporting",
    ),
)

__getattr__ = DOMAIN.attribute
