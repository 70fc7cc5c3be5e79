"""Limits without an end, as numbers that arithmetic can work with.

Headroom, costs and bounds are proportions and products of limits, of which infinities make no numbers. What
is written here lies beyond every state of a grid.
"""

from dataclasses import replace

import numpy as np

from genba.grid.records.case import ENDLESS_MW, HIGHEST_PU, Case


def with_ends(case: Case) -> Case:
    """Give the case with an end to every limit of active output and of voltage; others may have none."""
    gen, bus = case.gen, case.bus
    return replace(
        case,
        gen=gen.replace(
            pmin=np.where(gen["pmin"] < -ENDLESS_MW, np.minimum(-ENDLESS_MW, gen["pmax"]), gen["pmin"]),
            pmax=np.where(gen["pmax"] > ENDLESS_MW, np.maximum(ENDLESS_MW, gen["pmin"]), gen["pmax"]),
        ),
        bus=bus.replace(
            vmin=np.maximum(bus["vmin"], 0.0),
            vmax=np.where(bus["vmax"] == np.inf, np.maximum(HIGHEST_PU, bus["vmin"]), bus["vmax"]),
        ),
    )
