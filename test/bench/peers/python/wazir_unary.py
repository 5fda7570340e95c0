"""Wazir by its official client's stubs: each report is a call of its own."""

from __future__ import annotations

import uuid
from typing import Callable

from meter import Meter
from wazir_study import create_study
from workload import STEPS, value

import wazir
from wazir.v1 import measurement_pb2 as measurements
from wazir.v1 import trial_pb2 as trials
from wazir.v1.measurement_pb2_grpc import MeasurementServiceStub
from wazir.v1.trial_pb2_grpc import TrialServiceStub
from wazir.values import parameters_from


def connect(address: str) -> Callable[[str], Callable[[Meter], bool]]:
    client = wazir.connect(address)
    study = create_study(client)
    trial_service = TrialServiceStub(client.channel)
    measurement_service = MeasurementServiceStub(client.channel)

    def make_client(name: str) -> Callable[[Meter], bool]:
        def ask() -> trials.Trial:
            request = trials.SuggestTrialsRequest(
                parent=study.name, client_id=name, count=1, request_id=str(uuid.uuid4())
            )
            return trial_service.SuggestTrials(request).trials[0]

        def report(trial: trials.Trial, step: int, accuracy: float) -> measurements.Directive:
            request = measurements.ReportMeasurementRequest(
                trial=trial.name,
                attempt=trial.assignment.attempt,
                measurement=measurements.Measurement(
                    step=step, metrics=[measurements.MetricValue(name="accuracy", value=accuracy)]
                ),
                study_uid=trial.study_uid,
            )
            return measurement_service.ReportMeasurement(request).directive

        def one_trial(meter: Meter) -> bool:
            trial = meter.suggest(ask)
            parameters = parameters_from(trial.parameters)
            for step in range(1, STEPS + 1):
                accuracy = value(trial.id, step, parameters)
                directive = meter.report(report, trial, step, accuracy)
                if directive.kind == measurements.Directive.KIND_STOP:
                    return False
            trial_service.CompleteTrial(
                trials.CompleteTrialRequest(
                    name=trial.name,
                    attempt=trial.assignment.attempt,
                    request_id=str(uuid.uuid4()),
                    study_uid=trial.study_uid,
                )
            )
            return True

        return one_trial

    return make_client
