"""How an attempt gives its trial and its checkpoints back."""

from __future__ import annotations

import os
import uuid

from .checkpoints import CheckpointFolder
from .connection import Connection
from .errors import WazirError
from .v1 import measurement_pb2, trial_pb2

#: What the server takes of a reason, in bytes of UTF-8.
_MOST_OF_REASON = 4096

#: Seconds for calls that only tidy up.
_PATIENCE = 5.0

#: The ends after which no checkpoint is of use.
USELESS = (trial_pb2.TRIAL_STATE_STOPPED, trial_pb2.TRIAL_STATE_FAILED, trial_pb2.TRIAL_STATE_INFEASIBLE)


class HandBack:
    """The calls that end an attempt, and the files that it leaves. One a trial."""

    def __init__(
        self,
        connection: Connection,
        message: trial_pb2.Trial,
        folder: CheckpointFolder,
        keep_checkpoints: bool,
    ) -> None:
        self._connection = connection
        self._message = message
        self._folder = folder
        self._keep = keep_checkpoints
        self._number = 0
        # What this attempt or the one before has written and the server knows of.
        self._known: list[str] = []
        start = message.assignment.checkpoint
        # Under population-based training the start is another trial's: not ours to remove.
        if start.uri and start.trial == message.id:
            self._known.append(start.uri)
        #: Whether the trial was ended or given back, by whichever call.
        self.done = False

    def place_to_write(self) -> str:
        """Where to write the next checkpoint, in a folder that is there."""
        self._folder.make()
        return self.place

    @property
    def place(self) -> str:
        """Where the next checkpoint belongs; never where one lies that the server knows of."""
        return self._folder.place(self._message.id, self._message.assignment.attempt, self._number)

    def written(self) -> str | None:
        """The checkpoint that was written there, if any."""
        return self.place if os.path.exists(self.place) else None

    def acknowledge(self, path: str | os.PathLike[str] | None, step: int) -> measurement_pb2.Directive:
        """Renews the lease with a checkpoint; the ones before are removed."""
        uri = self.place if path is None else os.path.abspath(os.fspath(path))
        request = trial_pb2.RenewLeaseRequest(
            name=self._message.name,
            attempt=self._message.assignment.attempt,
            checkpoint=measurement_pb2.Checkpoint(step=step, uri=uri),
            study_uid=self._message.assignment.study_uid,
        )
        response = self._connection.caller.call(self._connection.trials.RenewLease, request)
        if uri == self.place:
            self._number += 1
        self._replace_known(uri)
        return response.directive

    def complete(self, final: measurement_pb2.Measurement | None) -> None:
        """Ends the trial well."""
        self._complete(trial_pb2.CompleteTrialRequest(final_measurement=final))

    def infeasible(self, reason: str) -> None:
        """Ends the trial as infeasible."""
        self._complete(trial_pb2.CompleteTrialRequest(infeasible_reason=_cut(reason)))

    def fail(self, reason: str) -> None:
        """Ends the trial as failed."""
        self._complete(trial_pb2.CompleteTrialRequest(failure_reason=_cut(reason)))

    def release(
        self,
        path: str | os.PathLike[str] | None,
        step: int,
        *,
        patience: float | None = None,
    ) -> None:
        """Gives the trial back, with the checkpoint at `path` if there is one and a step for it."""
        request = trial_pb2.ReleaseTrialRequest(
            name=self._message.name,
            attempt=self._message.assignment.attempt,
            request_id=str(uuid.uuid4()),
            study_uid=self._message.assignment.study_uid,
        )
        if path is not None and step > 0:
            uri = os.path.abspath(os.fspath(path))
            request.checkpoint.CopyFrom(measurement_pb2.Checkpoint(step=step, uri=uri))
        trial = self._connection.caller.call(
            self._connection.trials.ReleaseTrial, request, timeout=patience, retry_timeout=patience
        )
        self.done = True
        if request.HasField("checkpoint") and trial.checkpoint.uri == request.checkpoint.uri:
            self._replace_known(request.checkpoint.uri)

    def ended(self) -> None:
        """Takes note that the server has ended the trial."""
        self.done = True
        self._tidy_after_end()

    def discard(self) -> None:
        """Removes what a lost attempt has written in vain."""
        self.done = True
        path = self.written()
        if path is not None and not self._keep:
            self._folder.remove(self._message.id, path)

    def _complete(self, request: trial_pb2.CompleteTrialRequest) -> None:
        request.name = self._message.name
        request.attempt = self._message.assignment.attempt
        request.request_id = str(uuid.uuid4())
        request.study_uid = self._message.assignment.study_uid
        trial = self._connection.caller.call(self._connection.trials.CompleteTrial, request)
        self.done = True
        self._tidy(trial)

    def _tidy_after_end(self) -> None:
        if self._keep or not any(os.path.exists(path) for path in (*self._known, self.place)):
            return
        request = trial_pb2.GetTrialRequest(name=self._message.name)
        try:
            trial = self._connection.caller.call(
                self._connection.trials.GetTrial, request, timeout=_PATIENCE, retry_timeout=_PATIENCE
            )
        except WazirError:
            return  # Files too many do no harm; the sweep at the end of the study looks again.
        self._tidy(trial)

    def _tidy(self, trial: trial_pb2.Trial) -> None:
        """Removes what an ended trial no longer needs; what it wrote last stays, if it has succeeded."""
        if self._keep:
            return
        needed = trial.checkpoint.uri if trial.checkpoint_needed else None
        final = None if trial.state in USELESS else self.written() or trial.checkpoint.uri
        for path in {*self._known, self.place} - {needed, final}:
            self._folder.remove(trial.id, path)

    def _replace_known(self, uri: str) -> None:
        earlier = [path for path in self._known if path != uri]
        self._known = [uri]
        if not self._keep:
            for path in earlier:
                self._folder.remove(self._message.id, path)


def _cut(reason: str) -> str:
    # Not set would mean a good end, so an empty reason becomes one.
    encoded = (reason or "no reason given").encode("utf-8", "replace")
    return encoded[:_MOST_OF_REASON].decode("utf-8", "ignore")
