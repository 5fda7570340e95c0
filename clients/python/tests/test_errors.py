from __future__ import annotations

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2

import wazir
from fake_server import FakeServer, status
from wazir.errors import error_from_status


def test_class_by_code_and_reason() -> None:
    cases = [
        (grpc.StatusCode.NOT_FOUND, "TRIAL_NOT_FOUND", wazir.NotFound),
        (grpc.StatusCode.NOT_FOUND, "STUDY_RECREATED", wazir.StudyRecreated),
        (grpc.StatusCode.ALREADY_EXISTS, "STUDY_EXISTS", wazir.AlreadyExists),
        (grpc.StatusCode.ALREADY_EXISTS, "MEASUREMENT_CONFLICT", wazir.MeasurementConflict),
        (grpc.StatusCode.ABORTED, "STALE_ATTEMPT", wazir.StaleAttempt),
        (grpc.StatusCode.FAILED_PRECONDITION, "TRIAL_ENDED", wazir.TrialEnded),
        (grpc.StatusCode.FAILED_PRECONDITION, "STUDY_STATE", wazir.FailedPrecondition),
        (grpc.StatusCode.UNAVAILABLE, "DRAINING", wazir.Unavailable),
        (grpc.StatusCode.DATA_LOSS, "", wazir.WazirError),
        # The code says what a caller may do about it: a reason does not overrule it.
        (grpc.StatusCode.UNAVAILABLE, "STALE_ATTEMPT", wazir.Unavailable),
    ]
    for code, reason, kind in cases:
        error = error_from_status(status(code, reason, "words"))
        assert type(error) is kind
        assert (error.code, error.reason, error.message) == (code, reason, "words")
        assert "words" in str(error) and code.name in str(error)


def test_every_code_has_a_class_of_its_own() -> None:
    for kind in wazir.WazirError.__subclasses__():
        assert type(error_from_status(status(kind.code))) is kind


def test_violations_over_the_wire(fake: FakeServer, client: wazir.Client) -> None:
    refusal = status(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    detail = Any()
    bad = error_details_pb2.BadRequest()
    bad.field_violations.add(field="study.spec.metrics[0].goal", description="choose one")
    detail.Pack(bad)
    refusal.details.append(detail)
    fake.faults["CreateStudy"].append(("before", refusal))
    with pytest.raises(wazir.InvalidArgument) as caught:
        client.create_study("s", [wazir.double("lr", 0, 1)], {"loss": "minimize"})
    assert caught.value.violations == (wazir.Violation("study.spec.metrics[0].goal", "choose one"),)
    assert caught.value.reason == "INVALID_FIELD"
    assert isinstance(caught.value.__cause__, grpc.RpcError)


def test_exist_ok(fake: FakeServer, client: wazir.Client) -> None:
    there = status(grpc.StatusCode.ALREADY_EXISTS, "STUDY_EXISTS")
    fake.faults["CreateStudy"].extend([("before", there), ("before", there)])
    assert client.create_study("s", [], {}, exist_ok=True).id == "s"
    with pytest.raises(wazir.AlreadyExists):
        client.create_study("s", [], {})
