from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

import wazir
from fake_server import AWAY, SILENCE, FakeServer, directive, offer
from wazir.v1 import measurement_pb2 as pb
from wazir.v1 import study_pb2_grpc, trial_pb2_grpc


def train(study: wazir.Study, *, wait: bool = True) -> list[int]:
    """Trains one trial to its end, and tells its steps."""
    steps = []
    for trial in study.trials():
        for step in trial.steps():
            trial.report(step, accuracy=1, wait=wait)
            steps.append(step)
    return steps


@pytest.mark.parametrize("wait", [True, False])
def test_a_broken_stream_is_opened_again_and_the_unanswered_sent_again(
    fake: FakeServer, study: wazir.Study, wait: bool
) -> None:
    fake.offers.append(offer(1, target=20))
    breaks = {5, 6, 13}

    def reply(request: pb.StreamMeasurementsRequest) -> Any:
        step = request.measurement.step
        if step in breaks:
            breaks.remove(step)
            return None
        return directive("COMPLETE" if step == 20 else "CONTINUE", 20)

    fake.reply = reply
    assert train(study, wait=wait) == list(range(1, 21))
    assert fake.streams_opened == 4
    steps = [step for _, step in fake.reported()]
    first_seen = list(dict.fromkeys(steps))
    assert first_seen == list(range(1, 21)), "in order, none left out"
    # What is sent twice is the same message.
    by_id: dict[int, set[bytes]] = {}
    for each in fake.streamed:
        by_id.setdefault(each.message_id, set()).add(each.SerializeToString(deterministic=True))
    assert all(len(forms) == 1 for forms in by_id.values())


def test_an_answer_of_unknown_outcome_is_sent_again(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.append(offer(1))
    seen: list[int] = []

    def reply(request: pb.StreamMeasurementsRequest) -> Any:
        seen.append(request.measurement.step)
        if seen.count(2) == 1 and seen[-1] == 2:
            return AWAY
        return directive("COMPLETE" if seen[-1] == 3 else "CONTINUE", 3)

    fake.reply = reply
    assert train(study) == [1, 2, 3]
    assert seen == [1, 2, 2, 3]


def test_a_server_that_is_gone_for_a_while(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.append(offer(1))
    with ThreadPoolExecutor(1) as pool:
        for trial in study.trials():
            for step in trial.steps():
                if step == 2:
                    fake.stop()
                    back = pool.submit(trial.report, step, accuracy=1)
                    fake.start()
                    assert back.result(timeout=60).kind is wazir.DirectiveKind.CONTINUE
                else:
                    trial.report(step, accuracy=1)
    assert [step for _, step in fake.reported()] == [1, 2, 3]


def test_a_stream_that_falls_silent_is_opened_again(fake: FakeServer) -> None:
    fake.offers.append(offer(1))
    silent = [2]

    def reply(request: pb.StreamMeasurementsRequest) -> Any:
        step = request.measurement.step
        if step in silent:
            silent.remove(step)
            return SILENCE
        return directive("COMPLETE" if step == 3 else "CONTINUE", 3)

    fake.reply = reply
    with wazir.connect(fake.address, call_timeout=0.5) as client:
        assert train(client.study("s")) == [1, 2, 3]
    assert [step for _, step in fake.reported()] == [1, 2, 2, 3]


def test_patience_has_an_end(fake: FakeServer) -> None:
    fake.offers.append(offer(1))
    fake.reply = lambda request: None
    with wazir.connect(fake.address, retry_timeout=0) as client, pytest.raises(wazir.Unavailable):
        train(client.study("s"))


def test_a_server_without_the_call_is_not_asked_for_ever(fake: FakeServer) -> None:
    older = grpc.server(ThreadPoolExecutor(2))
    trial_pb2_grpc.add_TrialServiceServicer_to_server(fake, older)
    study_pb2_grpc.add_StudyServiceServicer_to_server(fake, older)
    port = older.add_insecure_port("127.0.0.1:0")
    older.start()
    fake.offers.append(offer(1))
    try:
        with wazir.connect(f"127.0.0.1:{port}") as client, pytest.raises(wazir.Unimplemented):
            train(client.study("s"))
    finally:
        older.stop(0).wait()


def test_closing_the_client_ends_a_waiting_report(fake: FakeServer) -> None:
    fake.offers.append(offer(1))
    fake.reply = lambda request: SILENCE
    client = wazir.connect(fake.address)
    loop = client.study("s").trials()
    trial = next(loop)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(trial.report, 1, accuracy=1)
        fake.wait_for(lambda: fake.reported() == [(1, 1)])
        client.close()
        with pytest.raises(wazir.Cancelled):
            waiting.result(timeout=30)
    with pytest.raises(wazir.Cancelled):
        trial.report(2, accuracy=1)
    loop.close()


def test_one_stream_for_the_trials_of_all_threads(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.extend(offer(id) for id in range(1, 9))
    with ThreadPoolExecutor(4) as pool:
        steps = [each.result() for each in [pool.submit(train, study) for _ in range(4)]]
    assert sum(map(len, steps)) == 8 * 3
    assert fake.streams_opened == 1
    assert sorted(fake.reported()) == [(id, step) for id in range(1, 9) for step in (1, 2, 3)]
