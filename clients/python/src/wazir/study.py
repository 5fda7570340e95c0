"""One study."""

from __future__ import annotations

import os
import uuid
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from .checkpoints import DEFAULT_DIRECTORY
from .connection import Connection
from .names import last_segment, trial_name
from .records import (
    MeasurementRecord,
    StudyRecord,
    TrialRecord,
    TrialState,
    list_measurements,
    list_trials,
    measurement_record,
    study_record,
    trial_record,
)
from .study_spec import Seconds
from .trial import Trial
from .trial_loop import LoopOptions, new_client_id, run_trials
from .v1 import measurement_pb2, study_pb2, trial_pb2
from .values import Value, duration_to, metric_values, parameters_to


class Study:
    """A study by its name. Making one asks the server nothing; see :meth:`wazir.Client.study`."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        #: `owners/{owner}/studies/{study}`.
        self.name = name
        #: The last part of the name.
        self.id = last_segment(name)

    def __repr__(self) -> str:
        return f"<Study {self.name}>"

    # The worker's side

    def trials(
        self,
        *,
        worker: str | None = None,
        checkpoint_dir: str | os.PathLike[str] = DEFAULT_DIRECTORY,
        keep_checkpoints: bool = False,
        catch: tuple[type[Exception], ...] = (),
        recover: bool = True,
    ) -> Generator[Trial, None, None]:
        """Yields trials to train, one at a time, until the study is COMPLETED.

        `worker` names the place where they run: who asks again under the same name
        gets the trials back that it lost (`recover`), so two that run at the same time
        must not share one. A unique name is made unless told.

        `checkpoint_dir` must be one that all workers of the study can read. What is no
        longer needed there is removed, unless `keep_checkpoints` is set.

        After the body of the loop the trial is given back: see :meth:`Trial.finish`.
        A body that is left by an exception or `break` gives it back as it was handed
        out, since this side can not tell the two apart, nor whether a checkpoint was
        written to its end. Write ``with trial:`` around the body to have exceptions
        reported; those in `catch` then do not end the loop.

        Raises :class:`wazir.NotFound` where the study is not there, and
        :class:`wazir.Unavailable` when the server was away for all of the retry time.
        """
        options = LoopOptions(
            client_id=worker or new_client_id(),
            checkpoint_dir=checkpoint_dir,
            keep_checkpoints=keep_checkpoints,
            catch=catch,
            recover=recover,
        )
        return run_trials(self._connection, self.name, options)

    # What has come of it

    def get(self) -> StudyRecord:
        """Reads the study."""
        return study_record(self._read())

    def best(self) -> TrialRecord | None:
        """The best trial; None before there is one. ValueError where metrics compete: see `optimal`."""
        found = self.optimal()
        if len(found) > 1:
            raise ValueError(f"{len(found)} trials are best, each in its way; ask for optimal()")
        return found[0] if found else None

    def optimal(self) -> list[TrialRecord]:
        """The best trials: one where there is one metric, the Pareto set where there are several."""
        request = study_pb2.ListOptimalTrialsRequest(parent=self.name)
        response = self._connection.caller.call(self._connection.studies.ListOptimalTrials, request)
        return [trial_record(each) for each in response.trials]

    def list_trials(
        self, states: Iterable[TrialState] = (), *, newest_first: bool = False
    ) -> Iterator[TrialRecord]:
        """Reads the trials, all or those in one of the states."""
        numbers = [state.value for state in states]
        for each in list_trials(self._connection, self.name, numbers, newest_first=newest_first):
            yield trial_record(each)

    def trial(self, trial: int) -> TrialRecord:
        """Reads one trial."""
        request = trial_pb2.GetTrialRequest(name=trial_name(self.name, trial))
        return trial_record(self._connection.caller.call(self._connection.trials.GetTrial, request))

    def measurements(self, trial: int, *, superseded: bool = False) -> Iterator[MeasurementRecord]:
        """Reads what was reported of a trial; with `superseded`, also what a later attempt trained again."""
        name = trial_name(self.name, trial)
        for each in list_measurements(self._connection, name, superseded=superseded):
            yield measurement_record(each)

    # Trials of the user's own

    def enqueue(self, parameters: Mapping[str, Value]) -> TrialRecord:
        """Queues a point for the next worker."""
        return self._create_trial(trial_pb2.Trial(parameters=self._typed(parameters)))

    def add_finished(
        self, parameters: Mapping[str, Value], metrics: Mapping[str, float], *, step: int = 0
    ) -> TrialRecord:
        """Tells of a point that has been evaluated already: a warm start."""
        final = measurement_pb2.Measurement(step=step, metrics=metric_values(metrics))
        message = trial_pb2.Trial(parameters=self._typed(parameters), final_measurement=final)
        return self._create_trial(message)

    def stop_trial(self, trial: int) -> TrialRecord:
        """Asks for an end of a trial; its worker is told."""
        request = trial_pb2.StopTrialRequest(name=trial_name(self.name, trial), request_id=_request_id())
        return trial_record(self._connection.caller.call(self._connection.trials.StopTrial, request))

    def delete_trial(self, trial: int) -> None:
        """Deletes a trial that no worker holds."""
        request = trial_pb2.DeleteTrialRequest(name=trial_name(self.name, trial), request_id=_request_id())
        self._connection.caller.call(self._connection.trials.DeleteTrial, request)

    # What becomes of it

    def pause(self) -> StudyRecord:
        """Hands out no more trials; those that run go on."""
        return self._set_state(trial_pb2.STUDY_STATE_PAUSED)

    def resume(self) -> StudyRecord:
        """Hands out trials again, after `pause`."""
        return self._set_state(trial_pb2.STUDY_STATE_ACTIVE)

    def complete(self) -> StudyRecord:
        """Ends the study; the workers of its trials are told to stop."""
        return self._set_state(trial_pb2.STUDY_STATE_COMPLETED)

    def set_limits(
        self,
        *,
        max_trials: int | None = None,
        max_total_resource: int | None = None,
        max_parallel_trials: int | None = None,
        max_consecutive_infeasible: int | None = None,
        max_attempts: int | None = None,
        max_duration: Seconds | None = None,
        max_time_without_progress: Seconds | None = None,
    ) -> StudyRecord:
        """Changes the limits that are given; 0 takes one away. Raising the one that ended a study goes on."""
        numbers: dict[str, Any] = {
            "max_trials": max_trials,
            "max_total_resource": max_total_resource,
            "max_parallel_trials": max_parallel_trials,
            "max_consecutive_infeasible": max_consecutive_infeasible,
            "max_attempts": max_attempts,
        }
        times = {"max_duration": max_duration, "max_time_without_progress": max_time_without_progress}
        given = {name: value for name, value in numbers.items() if value is not None}
        given.update({name: duration_to(value) for name, value in times.items() if value is not None})
        if not given:
            raise ValueError("no limit given")
        spec = study_pb2.StudySpec(limits=study_pb2.StudyLimits(**given))
        return self._update(
            study_pb2.Study(name=self.name, spec=spec), [f"spec.limits.{name}" for name in given]
        )

    def delete(self) -> None:
        """Deletes the study with all its trials and measurements."""
        request = study_pb2.DeleteStudyRequest(name=self.name, request_id=_request_id())
        self._connection.caller.call(self._connection.studies.DeleteStudy, request)

    def _read(self) -> study_pb2.Study:
        request = study_pb2.GetStudyRequest(name=self.name)
        return self._connection.caller.call(self._connection.studies.GetStudy, request)

    def _typed(self, parameters: Mapping[str, Value]) -> list[trial_pb2.Parameter]:
        return parameters_to(self._read().spec.parameters, parameters)

    def _create_trial(self, trial: trial_pb2.Trial) -> TrialRecord:
        request = trial_pb2.CreateTrialRequest(parent=self.name, trial=trial, request_id=_request_id())
        return trial_record(self._connection.caller.call(self._connection.trials.CreateTrial, request))

    def _set_state(self, state: trial_pb2.StudyState.ValueType) -> StudyRecord:
        return self._update(study_pb2.Study(name=self.name, state=state), ["state"])

    def _update(self, study: study_pb2.Study, paths: list[str]) -> StudyRecord:
        request = study_pb2.UpdateStudyRequest(
            study=study, update_mask=FieldMask(paths=paths), request_id=_request_id()
        )
        return study_record(self._connection.caller.call(self._connection.studies.UpdateStudy, request))


def _request_id() -> str:
    return str(uuid.uuid4())
