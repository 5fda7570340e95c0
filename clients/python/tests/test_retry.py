from __future__ import annotations

import grpc
import pytest

import wazir
from fake_server import AWAY, FakeServer, offer, status
from wazir.retry import Backoff, Caller
from wazir.v1 import trial_pb2


def test_a_call_that_was_applied_and_not_answered_has_one_effect(
    fake: FakeServer, study: wazir.Study
) -> None:
    fake.offers.extend([offer(1), offer(2)])
    fake.faults["SuggestTrials"].extend([("before", AWAY), ("after", AWAY)])
    fake.faults["CompleteTrial"].append(("after", AWAY))
    seen = []
    for trial in study.trials():
        seen.append(trial.id)
        trial.complete(accuracy=1)
    assert seen == [1, 2]
    asked = fake.asked("SuggestTrials")
    assert len(asked) == 5
    assert asked[0] == asked[1] == asked[2]
    assert len({each.request_id for each in asked}) == 3
    first, again, other = fake.asked("CompleteTrial")
    assert first == again and first.request_id and other.request_id != first.request_id


def test_a_refusal_is_not_retried(fake: FakeServer, client: wazir.Client) -> None:
    fake.faults["DeleteStudy"].append(("before", status(grpc.StatusCode.NOT_FOUND, "STUDY_NOT_FOUND")))
    with pytest.raises(wazir.NotFound):
        client.delete_study("s")
    assert len(fake.asked("DeleteStudy")) == 1


def test_the_patience_is_bounded(fake: FakeServer) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 4
        return now[0]

    fake.faults["GetTrial"].extend([("before", AWAY)] * 10)
    with wazir.connect(fake.address) as client:
        stub = client._connection.trials
        caller = Caller(20, 10, clock=clock)
        with pytest.raises(wazir.Unavailable) as caught:
            caller.call(stub.GetTrial, trial_pb2.GetTrialRequest(name="x/trials/1"))
    assert caught.value.reason == "COMMIT_OUTCOME_UNKNOWN"
    # Failures at 4, 8, 12 and 16 seconds: the fourth is more than ten after the first.
    assert len(fake.asked("GetTrial")) == 4


def test_closing_ends_the_wait() -> None:
    client = wazir.connect("127.0.0.1:1")
    client.close()
    with pytest.raises(wazir.Cancelled):
        list(client.studies())


def test_pauses_grow_to_a_bound() -> None:
    backoff = Backoff(first=1, most=4)
    for low, high in ((0.5, 1), (1, 2), (2, 4), (2, 4)):
        assert low <= backoff.pause() <= high
    backoff.reset()
    assert backoff.pause() <= 1
