"""The loop of a worker: asks for a trial, yields it, gives it back, asks again."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Generator
from dataclasses import dataclass, field

from .checkpoints import DEFAULT_DIRECTORY, CheckpointFolder
from .connection import Connection
from .errors import WazirError
from .handback import USELESS
from .names import last_segment
from .records import list_trials
from .trial import Trial
from .v1 import trial_pb2

_log = logging.getLogger("wazir")

#: How long one SuggestTrials may take, in seconds. The server answers a tenth before, with nothing.
ASK_TIMEOUT = 60.0

#: The pause before asking again where the server does not name one, in seconds.
_PAUSE = 1.0


def new_client_id() -> str:
    """A name for one place where trials run, unlike any other."""
    return f"{socket.gethostname()[:100]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True)
class LoopOptions:
    """How a worker runs its trials; see :meth:`wazir.Study.trials`."""

    client_id: str = field(default_factory=new_client_id)
    checkpoint_dir: str | os.PathLike[str] = DEFAULT_DIRECTORY
    keep_checkpoints: bool = False
    catch: tuple[type[Exception], ...] = ()
    recover: bool = True


def run_trials(connection: Connection, study: str, options: LoopOptions) -> Generator[Trial, None, None]:
    """Yields the trials of the study named `study` until it is COMPLETED."""
    folder: CheckpointFolder | None = None
    while True:
        message = _next(connection, study, options)
        if message is None:
            break
        folder = CheckpointFolder(
            options.checkpoint_dir, last_segment(study), message.assignment.study_uid or message.study_uid
        )
        trial = Trial(
            connection,
            message,
            client_id=options.client_id,
            folder=folder,
            keep_checkpoints=options.keep_checkpoints,
            catch=options.catch,
        )
        connection.hold(trial)
        try:
            try:
                yield trial
            except BaseException:
                # Closed: the loop was left in the middle of a body, by an exception that can
                # not be seen here or by `break`. What was written may be half a checkpoint.
                trial.abandon()
                raise
            trial.finish()
        finally:
            connection.drop(trial)
    if folder is not None and not options.keep_checkpoints:
        _sweep(connection, study, folder)


def _next(connection: Connection, study: str, options: LoopOptions) -> trial_pb2.Trial | None:
    while True:
        request = trial_pb2.SuggestTrialsRequest(
            parent=study,
            client_id=options.client_id,
            count=1,
            holding=connection.holding(study, options.client_id),
            recover=options.recover,
            request_id=str(uuid.uuid4()),
        )
        response = connection.caller.call(connection.trials.SuggestTrials, request, timeout=ASK_TIMEOUT)
        if response.trials:
            return response.trials[0]
        if response.study_state == trial_pb2.STUDY_STATE_COMPLETED:
            return None
        told = response.HasField("retry_after")
        connection.caller.sleep(response.retry_after.ToTimedelta().total_seconds() if told else _PAUSE)


def _sweep(connection: Connection, study: str, folder: CheckpointFolder) -> None:
    """Removes the checkpoints of trials that were paused when the study ended: no worker was told."""
    lying = folder.trials()
    if not lying:
        return
    try:
        for trial in list_trials(connection, study, USELESS):
            if trial.id in lying and not trial.checkpoint_needed:
                folder.remove_trial(trial.id)
    except WazirError as error:
        _log.warning("the checkpoints in %s could not be looked through: %s", folder.path, error)
