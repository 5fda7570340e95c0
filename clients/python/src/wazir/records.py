"""Studies, trials and measurements as they stand on the server."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .connection import Connection
from .names import last_segment
from .v1 import measurement_pb2, study_pb2, trial_pb2
from .values import metrics_from, parameters_from


class StudyState(enum.Enum):
    """The state of a study."""

    #: One that this client does not know.
    UNSPECIFIED = trial_pb2.STUDY_STATE_UNSPECIFIED
    #: Trials are handed out.
    ACTIVE = trial_pb2.STUDY_STATE_ACTIVE
    #: No trial is handed out; those that run go on.
    PAUSED = trial_pb2.STUDY_STATE_PAUSED
    #: At its end.
    COMPLETED = trial_pb2.STUDY_STATE_COMPLETED

    @classmethod
    def _missing_(cls, value: object) -> StudyState:
        return cls.UNSPECIFIED


class TrialState(enum.Enum):
    """The state of a trial."""

    #: One that this client does not know.
    UNSPECIFIED = trial_pb2.TRIAL_STATE_UNSPECIFIED
    #: Queued by a user.
    REQUESTED = trial_pb2.TRIAL_STATE_REQUESTED
    #: Lent to a worker, or waiting to be lent again after one was lost.
    ACTIVE = trial_pb2.TRIAL_STATE_ACTIVE
    #: Waiting for promotion.
    PAUSED = trial_pb2.TRIAL_STATE_PAUSED
    #: A stop has been decided and its worker has not yet been told.
    STOPPING = trial_pb2.TRIAL_STATE_STOPPING
    #: Ended with a final measurement.
    SUCCEEDED = trial_pb2.TRIAL_STATE_SUCCEEDED
    #: Ended early.
    STOPPED = trial_pb2.TRIAL_STATE_STOPPED
    #: Its parameters can not be evaluated.
    INFEASIBLE = trial_pb2.TRIAL_STATE_INFEASIBLE
    #: Its training broke.
    FAILED = trial_pb2.TRIAL_STATE_FAILED

    @classmethod
    def _missing_(cls, value: object) -> TrialState:
        return cls.UNSPECIFIED


@dataclass(frozen=True)
class MeasurementRecord:
    """What was reported at a step."""

    step: int
    #: Values by name of the metric.
    metrics: dict[str, float]
    #: Training time in seconds since the start of the trial, where it was told.
    elapsed: float | None
    #: The attempt that reported it.
    attempt: int
    #: Whether a later attempt trained the step again.
    superseded: bool


@dataclass(frozen=True)
class TrialRecord:
    """A trial as it stands on the server."""

    id: int
    name: str
    state: TrialState
    parameters: dict[str, Any]
    #: The final measurement's metrics; empty before the end.
    final: dict[str, float]
    #: Those of the best measurement so far; empty before the first.
    best: dict[str, float]
    last_step: int
    client_id: str
    #: What the worker said was infeasible or went wrong; empty otherwise.
    reason: str
    #: How often it was handed out.
    attempts: int
    #: The message of the contract, with all the rest.
    message: trial_pb2.Trial = field(repr=False, compare=False)

    @property
    def metrics(self) -> dict[str, float]:
        """The final metrics, or the best so far."""
        return self.final or self.best


@dataclass(frozen=True)
class StudyRecord:
    """A study as it stands on the server."""

    id: str
    name: str
    uid: str
    state: StudyState
    #: How many trials there are in each state.
    trials: dict[TrialState, int]
    #: Steps trained so far, over all attempts.
    resource_spent: int
    #: The message of the contract, with all the rest.
    message: study_pb2.Study = field(repr=False, compare=False)


def measurement_record(message: measurement_pb2.Measurement) -> MeasurementRecord:
    """Reads a measurement."""
    told = message.HasField("elapsed")
    return MeasurementRecord(
        step=message.step,
        metrics=metrics_from(message),
        elapsed=message.elapsed.ToTimedelta().total_seconds() if told else None,
        attempt=message.attempt,
        superseded=message.superseded,
    )


def trial_record(message: trial_pb2.Trial) -> TrialRecord:
    """Reads a trial."""
    return TrialRecord(
        id=message.id,
        name=message.name,
        state=TrialState(message.state),
        parameters=parameters_from(message.parameters),
        final=metrics_from(message.final_measurement),
        best=metrics_from(message.best_measurement),
        last_step=message.last_step,
        client_id=message.client_id,
        reason=message.infeasible_reason or message.failure_reason,
        attempts=message.attempts,
        message=message,
    )


def study_record(message: study_pb2.Study) -> StudyRecord:
    """Reads a study."""
    counts: dict[TrialState, int] = {
        state: int(getattr(message.progress, state.name.lower()))
        for state in TrialState
        if state is not TrialState.UNSPECIFIED
    }
    return StudyRecord(
        id=last_segment(message.name),
        name=message.name,
        uid=message.uid,
        state=StudyState(message.state),
        trials=counts,
        resource_spent=message.progress.resource_spent,
        message=message,
    )


def list_trials(
    connection: Connection,
    study: str,
    states: Iterable[trial_pb2.TrialState.ValueType] = (),
    *,
    newest_first: bool = False,
) -> Iterator[trial_pb2.Trial]:
    """Reads the trials of a study, page by page."""
    request = trial_pb2.ListTrialsRequest(
        parent=study, states=list(states), order_by="id desc" if newest_first else "id", page_size=1000
    )
    while True:
        page = connection.caller.call(connection.trials.ListTrials, request)
        yield from page.trials
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def list_measurements(
    connection: Connection, trial: str, *, superseded: bool
) -> Iterator[measurement_pb2.Measurement]:
    """Reads the measurements of a trial, page by page."""
    request = measurement_pb2.ListMeasurementsRequest(parent=trial, show_superseded=superseded)
    while True:
        page = connection.caller.call(connection.measurements.ListMeasurements, request)
        yield from page.measurements
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def list_studies(connection: Connection, owner: str) -> Iterator[study_pb2.Study]:
    """Reads the studies of an owner, page by page."""
    request = study_pb2.ListStudiesRequest(parent=owner, page_size=1000)
    while True:
        page = connection.caller.call(connection.studies.ListStudies, request)
        yield from page.studies
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token
