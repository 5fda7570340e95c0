"""A trial in the hands of a worker."""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Callable

from .checkpoints import CheckpointFolder
from .connection import Connection
from .directive import Directive, DirectiveKind, directive_from
from .errors import Cancelled, TrialEnded, WazirError
from .handback import HandBack
from .retry import is_outage
from .standing import OUT_OF_HANDS, Standing
from .stream import Answer
from .v1 import measurement_pb2, trial_pb2
from .values import duration_to, metric_values, parameters_from

_log = logging.getLogger("wazir")

#: Reports sent with ``wait=False`` that may be unanswered at a time.
MOST_OUTSTANDING = 64


class Trial:
    """One trial to be trained, as :meth:`wazir.Study.trials` yields it.

    Its lease is renewed in the background until it is ended or given back. All
    methods are for one thread at a time. As a context manager it ends the trial at
    the end of the block: see :meth:`__exit__`.
    """

    def __init__(
        self,
        connection: Connection,
        message: trial_pb2.Trial,
        *,
        client_id: str,
        folder: CheckpointFolder,
        keep_checkpoints: bool = False,
        catch: tuple[type[Exception], ...] = (),
    ) -> None:
        assignment = message.assignment
        #: The trial as it was handed out, in full.
        self.message = message
        #: `owners/{owner}/studies/{study}/trials/{trial}`.
        self.name: str = message.name
        #: Its number in the study.
        self.id: int = message.id
        #: The values to train with, by name: ``float``, ``int`` or ``str``.
        self.parameters: dict[str, Any] = parameters_from(message.parameters)
        #: Number of this hand-out, from 1.
        self.attempt: int = assignment.attempt
        #: The step of the checkpoint to start from; 0 for a fresh start.
        self.from_resource: int = assignment.from_resource
        #: The checkpoint to start from; None on a fresh start. Where the trial is
        #: another's continued (population-based training), that one's.
        self.checkpoint_path: str | None = (assignment.checkpoint.uri or None) if self.from_resource else None
        #: Who holds it.
        self.client_id = client_id
        self._connection = connection
        self._lease = assignment.lease_duration.ToTimedelta().total_seconds() or 60.0
        self._touched = time.monotonic()
        self._renewal: Answer | None = None
        self._standing = Standing(self.name, assignment.to_resource)
        self._next = self.from_resource + 1
        self._last_step = 0
        self._outstanding: deque[Answer] = deque()
        self._catch = catch
        self._back = HandBack(connection, message, folder, keep_checkpoints)

    def __repr__(self) -> str:
        return f"<Trial {self.name} attempt {self.attempt}>"

    # What the server says

    @property
    def directive(self) -> Directive:
        """What the server last said. STOP where the trial is lost."""
        return self._standing.directive

    @property
    def lost(self) -> bool:
        """Whether somebody else has the trial now, or it is gone: nothing that is done with it counts."""
        return self._standing.lost

    @property
    def over(self) -> bool:
        """Whether training has to end: told so, lost, or ended by a call of ours."""
        return self._back.done or self.directive.stop

    @property
    def to_resource(self) -> int:
        """The step to train to, as far as is known; rises when the server says so. 0 without a resource."""
        return self._standing.target

    @property
    def last_step(self) -> int:
        """The last step that this attempt has reported and the server has taken; 0 before."""
        return self._last_step

    # Training

    def steps(self) -> Iterator[int]:
        """Yields the steps to train: from the checkpoint's, plus one, to the target.

        Goes on where the server raises the target, ends when it says stop, pause or
        complete, when the trial is lost, and after a call that ends the trial. In a
        study without a resource it counts up until then.

        Raises RuntimeError where the target was reached and not reported: the
        server would never learn of it.
        """
        while True:
            self._collect(len(self._outstanding))
            if self.over:
                return
            step, target = self._next, self.to_resource
            if not target or step <= target:
                self._next = step + 1
                yield step
                continue
            self._collect(0)
            if self.over or self.to_resource <= target:
                break
        if not self.over and max(self._last_step, self.from_resource) < target:
            raise RuntimeError(
                f"{self.name}: step {target}, the last one asked for, was trained but not reported; "
                "call trial.report() for it, or trial.complete() to end the trial early"
            )

    def report(
        self,
        step: int,
        /,
        *,
        metrics: Mapping[str, float] | None = None,
        elapsed: float | None = None,
        wait: bool = True,
        **values: float,
    ) -> Directive:
        """Reports metrics at a step, by keyword or, for names that are none, by `metrics`.

        Returns what to do next, once the report is on the server's disk. With
        `wait=False` it returns at once what was last known, while up to
        MOST_OUTSTANDING reports are under way; errors then show at a later call.
        `elapsed` is the training time in seconds since the start of the trial.

        On a trial that the server has ended or that is lost it sends nothing and
        returns the directive. Raises :class:`wazir.InvalidArgument` for a metric that
        the study does not have, :class:`wazir.MeasurementConflict` where the step was
        reported with another value, :class:`wazir.Unavailable` when the server was
        away for all of the retry time.
        """
        merged = {**(metrics or {}), **values}
        if not merged:
            raise ValueError("nothing to report: no metric given")
        if self._standing.ended:
            return self.directive
        if self._back.done:
            raise RuntimeError(f"{self.name} was ended or given back; nothing can be reported")
        measurement = measurement_pb2.Measurement(step=step, metrics=metric_values(merged))
        if elapsed is not None:
            measurement.elapsed.CopyFrom(duration_to(elapsed))
        self._outstanding.append(self._send(measurement))
        self._collect(0 if wait else MOST_OUTSTANDING)
        return self.directive

    # Checkpoints

    @property
    def checkpoint_path_to_write(self) -> str:
        """Where this attempt saves: a file or a directory that is not there yet, in a folder that is.

        Saved there at the end of the loop's body, after the steps have ended, it is
        handed over by itself. To save while training goes on, call
        :meth:`checkpoint_saved` afterwards; the path is another one from then on.
        """
        return self._back.place_to_write()

    def checkpoint_saved(
        self, path: str | os.PathLike[str] | None = None, *, step: int | None = None
    ) -> Directive:
        """Tells the server of a checkpoint, so that the trial goes on from there if this worker dies.

        `path` is `checkpoint_path_to_write` unless given, `step` the last one
        reported; it must not be above that.
        """
        self._collect(0)
        if self.over:
            return self.directive
        try:
            said = self._back.acknowledge(path, self._last_step if step is None else step)
        except OUT_OF_HANDS as error:
            self.told(None, error)
        else:
            self.told(directive_from(said), None)
        return self.directive

    # The end

    def complete(
        self, *, step: int | None = None, metrics: Mapping[str, float] | None = None, **values: float
    ) -> None:
        """Ends the trial well, with these final metrics or, without any, with what it has reported.

        Before the target it means that more training is of no use. `step` is the
        last one reported unless given.
        """
        merged = {**(metrics or {}), **values}
        final = None
        self._collect(0)
        if merged:
            final = measurement_pb2.Measurement(
                step=self._last_step if step is None else step, metrics=metric_values(merged)
            )
        self._end(lambda: self._back.complete(final))

    def infeasible(self, reason: str) -> None:
        """Ends the trial as one whose parameters can not be evaluated; it is replaced by another."""
        self._end(lambda: self._back.infeasible(reason))

    def fail(self, reason: str) -> None:
        """Ends the trial as failed; it ranks last and is not replaced."""
        self._end(lambda: self._back.fail(reason))

    def release(self, checkpoint: str | os.PathLike[str] | None = None, *, step: int | None = None) -> None:
        """Gives the trial back, to go on later with this worker or another.

        With `checkpoint`, or what lies at `checkpoint_path_to_write`, it goes on
        from `step`, the last one reported unless given; else from the checkpoint
        before, or from the beginning.
        """
        self._collect(0)
        path = checkpoint if checkpoint is not None else self._back.written()
        self._end(lambda: self._back.release(path, self._last_step if step is None else step))

    def finish(self) -> None:
        """What happens after the body of the loop; nothing where the trial is over and done with.

        Told to pause, it is given back with the checkpoint at
        `checkpoint_path_to_write`, if there is one. Stopped or complete, it has
        ended. Left early, it is completed with what it has reported or, where this
        attempt has reported nothing, given back.
        """
        if self._back.done:
            return
        self._collect(0)
        if self.lost:
            self._back.discard()
        elif self._standing.ended:
            if self._renewal is not None:
                with suppress(*OUT_OF_HANDS):
                    self._connection.stream.wait(self._renewal)
            self._end(self._back.ended)
        elif self.directive.kind is DirectiveKind.PAUSE:
            self.release()
        elif self._last_step:
            self.complete()
        else:
            _log.warning("%s: nothing was reported; it is given back and will be handed out again", self.name)
            self.release()

    def abandon(self) -> None:
        """Gives the trial back as it was handed out, without patience: on the way out of a process."""
        if self._back.done or self._standing.ended:
            return
        try:
            self._end(lambda: self._back.release(None, 0, patience=5.0))
        except WazirError as error:
            _log.warning("%s could not be given back, its lease will expire: %s", self.name, error)

    def __enter__(self) -> Trial:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Ends the trial at the end of a ``with`` block.

        Without an exception, as the loop would. After one the trial has failed, and
        it goes on unless the loop was told to `catch` its class. After what ends a
        process (KeyboardInterrupt, SystemExit), or an outage of the server, the trial
        is given back.
        """
        if error is None:
            self.finish()
            return False
        if not isinstance(error, Exception) or is_outage(error):
            self.abandon()
            return False
        try:
            self.fail(f"{type(error).__name__}: {error}")
        except WazirError as second:
            _log.warning("%s could not be reported as failed: %s", self.name, second)
        if not isinstance(error, self._catch):
            return False
        _log.warning("%s failed, going on with the next", self.name, exc_info=error)
        return True

    # For the connection

    def told(self, directive: Directive | None, error: WazirError | None, asked: bool = True) -> None:
        """Takes a word of the server; called on the stream's thread too."""
        self._standing.take(directive, error)
        if not self._standing.ended:
            return
        if not asked:
            # Nothing will be reported any more, and until it hears from us the server must
            # take the trial for running: it would hold a place until its lease expires.
            with suppress(Cancelled):
                self._renewal = self._send(None)
        self._connection.drop(self)

    def renewal_due(self) -> float:
        """When the lease is to be renewed: a third of its length after the last word sent."""
        return self._touched + self._lease / 3

    def renew(self) -> None:
        """Renews the lease on the stream, unless the renewal before is still under way."""
        if self._renewal is not None and not self._renewal.done:
            self._touched = time.monotonic()
        else:
            self._renewal = self._send(None)

    def _end(self, action: Callable[[], None]) -> None:
        if self._back.done or self.lost:
            return
        try:
            action()
        except OUT_OF_HANDS as error:
            self.told(None, error)
            if isinstance(error, TrialEnded):
                self._back.ended()
            else:
                self._back.discard()
        self._connection.drop(self)

    def _send(self, measurement: measurement_pb2.Measurement | None) -> Answer:
        self._touched = time.monotonic()
        return self._connection.stream.submit(
            measurement_pb2.StreamMeasurementsRequest(
                trial=self.name,
                attempt=self.attempt,
                measurement=measurement,
                study_uid=self.message.assignment.study_uid,
            )
        )

    def _collect(self, allowed: int) -> None:
        """Takes the answers that are there, and waits for the oldest while more than `allowed` are not."""
        while self._outstanding and (self._outstanding[0].done or len(self._outstanding) > allowed):
            answer = self._outstanding.popleft()
            try:
                self._connection.stream.wait(answer)
            except OUT_OF_HANDS:
                continue  # told() has been told.
            self._last_step = max(self._last_step, answer.request.measurement.step)
