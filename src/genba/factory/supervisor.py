"""The one writer of the record: claims runs, has them worked on, watches workers, publishes the ends."""

import itertools
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from genba.core.errors import Conflict, DeviceError
from genba.core.run import Fault, Run, State
from genba.factory import processes
from genba.factory.attempt import AttemptDirectory
from genba.factory.child import Child
from genba.factory.factory import Factory
from genba.factory.forks import Forkserver
from genba.factory.launching import prepare
from genba.factory.lock import HomeLock
from genba.factory.publishing import crash, ending_of, read_outcome
from genba.factory.recovery import Standing, end_processes, standing
from genba.factory.registry import operation_names
from genba.store.queries import Held
from genba.store.runs import CANCELLED, Ending

NS = 1_000_000_000
LEASE_S = 30.0
RENEW_S = 10.0
RECOVER_S = 1.0
WATCH_S = 0.2
TIDY_S = 60.0
POLL_S = 0.05
STARTS = 5
SLOWEST_RESTART_S = 5.0
WITHOUT_DISK_S = 2.0

logger = logging.getLogger(__name__)
_numbers = itertools.count(1)


class Supervisor:
    """Brings runs to their end: all of a home, or in the foreground only those it is given.

    Arguments:
        factory: the home.
        only: ids of the runs to care for, may be added to; None means every run, and takes the home's lock.
        slots: how many workers may live at once.

    Raises:
        Conflict: when every run is asked for and another supervisor serves this home.
    """

    def __init__(self, factory: Factory, only: set[str] | None = None, slots: int | None = None) -> None:
        self.only = only
        self.owner = f"{processes.identity(os.getpid())}.{next(_numbers)}"
        self.slots = slots or os.cpu_count() or 1
        self._factory = factory
        self._lock = HomeLock(factory.home) if only is None else None
        self._children: dict[str, Child] = {}
        self._forkserver: Forkserver | None = None
        self._failures = 0
        self._start_after = 0.0
        self._seen = -1
        self._due: dict[str, float] = {}
        self._trouble: DeviceError | None = None

    @property
    def busy(self) -> bool:
        """Whether workers are under way."""
        return bool(self._children)

    def step(self, timeout: float = 0.5) -> bool:
        """Advance until something changed or `timeout` s have passed; tells whether something did.

        Raises:
            DeviceError: when the record cannot be written or workers cannot be started; nothing is lost, and
                the next step tries again.
        """
        deadline = time.monotonic() + timeout
        changed = self._hear(0.0)  # also when every step of late has met with trouble
        changed = self._advance() or changed
        while not changed and (left := deadline - time.monotonic()) > 0:
            changed = self._hear(min(POLL_S, left))
            changed = self._advance() or changed
        return changed

    def run(self, until: Callable[[], bool]) -> None:
        """Step until `until` says so; a full disk is waited for."""
        pause = threading.Event()
        while not until():
            try:
                self.step()
            except DeviceError as error:
                logger.error("%s", error.message)
                pause.wait(WITHOUT_DISK_S)

    def drain(self) -> None:
        """Step until no run of this home is active."""
        self.run(until=lambda: not self.busy and self._factory.idle(self.only))

    def close(self) -> None:
        """End every worker; their runs wait for the next supervisor and lose no attempt by it."""
        if self._forkserver is not None:
            self._forkserver.close()
            self._forkserver = None
        try:
            for child in tuple(self._children.values()):
                if read_outcome(child.directory) is not None:
                    child.status = 0
                    self._settle(child)
                else:
                    self._lose(child, "the supervisor was stopped", counts=False)
        finally:
            if self._lock is not None:
                self._lock.release()

    def _advance(self) -> bool:
        """Do whatever is to be done; trouble with one, told at the end, holds up no other."""
        self._trouble = None
        self._attempt(self._tend_forkserver)
        changed = self._attempt(self._record_starts)
        changed = self._settle_ended() or changed
        version = self._factory.database.version()
        fresh, self._seen = version != self._seen, version
        if self._children and self._is_due("watch", WATCH_S):
            self._attempt(self._stop_cancelled)
            self._watch()
        if self._is_due("recover", RECOVER_S):
            changed = self._attempt(self._recover) or changed
            fresh = True
        if self._children and self._is_due("renew", RENEW_S):
            self._attempt(self._renew)
        if self.only is None and self._is_due("tidy", TIDY_S):
            self._attempt(self._factory.tidy)
        if fresh or changed:
            changed = self._attempt(self._claim) or changed
        if self._trouble is not None:
            raise self._trouble
        return changed

    def _attempt(self, act: Callable[..., bool | None], *arguments: Any) -> bool:
        """Do one thing and tell whether it changed something; the first trouble of a step is kept."""
        try:
            return bool(act(*arguments))
        except DeviceError as error:
            self._trouble = self._trouble or error
            return False

    def _renew(self) -> None:
        self._factory.record.renew(self.owner, lease_ns=int(LEASE_S * NS))

    def _is_due(self, what: str, period: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + period
        return True

    # the forkserver

    def _hear(self, timeout: float) -> bool:
        if self._forkserver is None:
            time.sleep(timeout)
            return False
        reports = self._forkserver.reports(timeout)
        for report in reports:
            self._take(report)
        return bool(reports) or not self._forkserver.alive

    def _take(self, report: dict[str, Any]) -> None:
        if "ready" in report:
            self._failures = 0
        child = self._children.get(report.get("started") or report.get("ended") or "")
        if child is None:
            return
        if "started" in report:
            child.started(report["pid"])
        elif report["status"] is None:
            child.lost = str(report["why"])
        else:
            child.status = int(report["status"])

    def _tend_forkserver(self) -> None:
        if self._forkserver is None:
            if self.only is None and time.monotonic() >= self._start_after:
                self._start_forkserver().warm(operation_names())
            return
        if self._forkserver.alive:
            return
        last = self._forkserver.close()
        self._failures += 1
        self._start_after = time.monotonic() + min(0.05 * 2**self._failures, SLOWEST_RESTART_S)
        self._forkserver = None
        logger.error("the forkserver ended: %s", last or "it was killed")
        for child in self._children.values():
            end_processes(child.directory, child.worker)
            child.lost = child.lost or "the forkserver ended"
        if self._failures >= STARTS:
            raise DeviceError(f"no worker can be started; the forkserver says: {last or 'nothing'}")

    def _start_forkserver(self) -> Forkserver:
        if self._forkserver is None:
            self._forkserver = Forkserver(self._factory.home)
        return self._forkserver

    # claims

    def _claim(self) -> bool:
        free = self.slots - len(self._children)
        if free <= 0 or time.monotonic() < self._start_after:
            return False
        waiting = self._factory.queries.waiting(self.only, limit=free)
        if not waiting:
            return False
        runs = self._factory.record.claim(self.owner, waiting, lease_ns=int(LEASE_S * NS))
        for run in runs:
            self._launch(run)
        return bool(runs)

    def _launch(self, run: Run) -> None:
        directory = AttemptDirectory(self._factory.home, run.id, run.attempt)
        try:
            prepare(directory, run, self._factory.artifacts)
        except DeviceError as error:
            fault = Fault(code=error.code, message=error.message, where=error.where)
            ending = Ending(state=State.FAILED, reason=error.message, error=fault)
            self._factory.record.finish(run.id, run.attempt, ending)
            return
        self._children[directory.key] = Child(run, directory)
        self._start_forkserver().spawn(
            directory.key, directory.spec, operation=run.operation, memory_mib=run.limits.memory_mib
        )

    def _record_starts(self) -> bool:
        begun = [child for child in self._children.values() if child.is_unrecorded]
        for child in begun:
            try:
                self._factory.record.start(child.run.id, child.run.attempt, child.worker)
            except Conflict as conflict:
                self._dismiss(child, conflict)
            child.recorded = True
        return bool(begun)

    # ends

    def _settle_ended(self) -> bool:
        ended = [child for child in self._children.values() if child.is_over]
        for child in ended:
            self._attempt(self._settle, child)
        return bool(ended)

    def _settle(self, child: Child) -> None:
        """Publish how a worker ended; kept for the next step when the disk refuses."""
        outcome = read_outcome(child.directory)
        if outcome is not None and outcome.result is not None:
            self._finish(child, ending_of(outcome, child.directory, self._factory.artifacts))
        elif child.stop is not None:
            self._finish(child, child.stop)
        elif outcome is not None and outcome.error is not None and outcome.error.code == "cancelled":
            self._lose(child, "the worker was asked to end from outside")
        elif outcome is not None:
            self._finish(child, ending_of(outcome, child.directory, self._factory.artifacts))
        elif child.status in (None, -signal.SIGKILL):
            self._lose(child, child.lost or "the worker was killed from outside or for want of memory")
        else:
            reason = crash(child.status or 0)
            self._finish(
                child,
                Ending(state=State.FAILED, reason=reason, error=Fault(code="crash", message=reason)),
            )

    def _finish(self, child: Child, ending: Ending) -> None:
        try:
            self._factory.record.finish(child.run.id, child.run.attempt, ending)
        except Conflict as conflict:
            self._dismiss(child, conflict)
        self._children.pop(child.directory.key, None)

    def _lose(self, child: Child, reason: str, *, counts: bool = True) -> None:
        try:
            self._factory.record.lose(child.run.id, child.run.attempt, reason, counts=counts)
        except Conflict as conflict:
            self._dismiss(child, conflict)
        self._children.pop(child.directory.key, None)

    def _dismiss(self, child: Child, conflict: Conflict) -> None:
        """Another supervisor has taken the run: what this worker makes is not published."""
        logger.warning("%s", conflict.message)
        child.stop = Ending(state=State.CANCELLED, reason=conflict.message)
        child.kill(self._forkserver)

    # what may go wrong meanwhile

    def _stop_cancelled(self) -> None:
        going_on = {child.run.id: child for child in self._children.values() if child.stop is None}
        for run_id in self._factory.queries.to_cancel(going_on):
            fault = Fault(code="cancelled", message=CANCELLED)
            going_on[run_id].stop = Ending(state=State.CANCELLED, reason=CANCELLED, error=fault)

    def _watch(self) -> None:
        for child in self._children.values():
            child.watch(self._forkserver)

    def _recover(self) -> bool:
        """Take over what no living supervisor holds."""
        found = [held for held in self._factory.queries.held(self.only) if self._is_abandoned(held)]
        for held in found:
            self._take_over(held)
        return bool(found)

    def _is_abandoned(self, held: Held) -> bool:
        if held.owner == self.owner:
            return held.key not in self._children
        return standing(held, self._factory.clock()) is Standing.ABANDONED

    def _take_over(self, held: Held) -> None:
        taken = self._factory.record.take_over(
            held.run, held.attempt, before=held.owner, after=self.owner, lease_ns=int(LEASE_S * NS)
        )
        if not taken:
            return
        directory = AttemptDirectory(self._factory.home, held.run, held.attempt)
        end_processes(directory, held.worker)
        child = Child(self._factory.queries.run(held.run), directory)
        child.lost = "the supervisor that held it ended"
        self._children[held.key] = child
        self._settle(child)
