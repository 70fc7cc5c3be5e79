"""What is asked of an assignment: the fewest stations for a cycle, or the shortest cycle for stations."""

from genba.line.kernels.assignment_model import Assigning, Posed, minimise, pose


def pose_stations(given: Assigning) -> Posed | None:
    """Ask for the fewest open stations; None when a task has no position left."""
    posed = pose(given)
    if posed is not None:
        minimise(posed.program, [(flag, 1) for flag in posed.used])
    return posed


def pose_cycle(given: Assigning) -> Posed | None:
    """Ask for the shortest cycle from `shortest` on; None when a task has no position left."""
    posed = pose(given)
    if posed is not None and posed.pace is not None:
        minimise(posed.program, [(posed.pace, 1)])
    return posed
