"""The processes that the chaos tests kill: a supervisor, and foreground commands.

Run as a script, so that each is a process of its own with nothing inherited: `actors.py supervise HOME`, or
`actors.py foreground HOME SECONDS COUNT`, which prints the id of each run once it is acknowledged.
"""

import sys
from pathlib import Path

from genba.factory.factory import Factory
from genba.factory.follow import execute
from genba.factory.supervisor import Supervisor


def supervise(home: Path) -> None:
    with Factory.open(home) as factory:
        print("ready", flush=True)
        Supervisor(factory, slots=2).run(until=lambda: False)


def foreground(home: Path, seconds: float, count: int) -> None:
    with Factory.open(home) as factory:
        print("ready", flush=True)
        runs = [factory.submit("factory.probe", {"seconds": seconds}) for _ in range(count)]
        for run in runs:
            print(run.id, flush=True)
        for run in runs:
            execute(factory, run.id)


if __name__ == "__main__":
    if sys.argv[1] == "supervise":
        supervise(Path(sys.argv[2]))
    else:
        foreground(Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
