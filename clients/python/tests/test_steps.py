from __future__ import annotations

from typing import Any

import grpc
import pytest

import wazir
from fake_server import ENDED, STALE, STUDY, UID, FakeServer, directive, offer, status
from wazir.v1 import measurement_pb2 as pb


def run(study: wazir.Study, **options: Any) -> list[list[int]]:
    """Trains every trial, and tells the steps of each."""
    trained = []
    for trial in study.trials(**options):
        steps = []
        for step in trial.steps():
            trial.report(step, accuracy=step / 10)
            steps.append(step)
        trained.append(steps)
    return trained


def test_from_the_start_to_the_target(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.append(offer(1))
    for trial in study.trials(worker="w1"):
        assert trial.parameters == {"lr": 0.5}
        assert trial.checkpoint_path is None and trial.from_resource == 0
        assert (trial.id, trial.attempt, trial.to_resource, trial.client_id) == (1, 1, 3, "w1")
        said = [trial.report(step, accuracy=step / 10, metrics={"a b": 1}) for step in trial.steps()]
    kinds = [each.kind for each in said]
    go = wazir.DirectiveKind.CONTINUE
    assert kinds == [go, go, wazir.DirectiveKind.COMPLETE]
    assert fake.reported() == [(1, 1), (1, 2), (1, 3)]
    first = fake.streamed[0]
    assert (first.trial, first.attempt, first.study_uid) == (f"{STUDY}/trials/1", 1, UID)
    assert {each.name: each.value for each in first.measurement.metrics} == {"a b": 1, "accuracy": 0.1}
    assert [name for name, _ in fake.calls] == ["SuggestTrials", "SuggestTrials"]
    assert {each.client_id for each in fake.asked("SuggestTrials")} == {"w1"}


def test_from_a_checkpoint(fake: FakeServer, study: wazir.Study) -> None:
    start = pb.Checkpoint(step=3, uri="/somewhere/1-1", trial=1)
    fake.offers.append(offer(1, start=3, target=6, attempt=2, checkpoint=start))
    fake.reply = lambda request: directive("COMPLETE" if request.measurement.step == 6 else "CONTINUE", 6)
    for trial in study.trials():
        assert trial.checkpoint_path == "/somewhere/1-1"
        assert [trial.report(step, accuracy=1).stop for step in trial.steps()] == [False, False, True]
    assert fake.reported() == [(1, 4), (1, 5), (1, 6)]


def test_a_raised_target_goes_on_and_other_words_end(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.extend([offer(1), offer(2), offer(3), offer(4)])

    def reply(request: pb.StreamMeasurementsRequest) -> pb.Directive:
        trial, step = request.trial[-1], request.measurement.step
        if trial == "1":
            return directive("COMPLETE") if step == 5 else directive("CONTINUE", 5 if step >= 3 else 3)
        return directive({"2": "PAUSE", "3": "STOP", "4": "COMPLETE"}[trial])

    fake.reply = reply
    assert run(study) == [[1, 2, 3, 4, 5], [1], [1], [1]]


def test_without_a_resource_it_counts_until_the_body_ends_it(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.append(offer(1, target=0))
    fake.reply = lambda request: directive("CONTINUE")
    for trial in study.trials():
        for step in trial.steps():
            trial.report(step, accuracy=step)
            if step == 4:
                trial.complete(accuracy=9.5)
        assert trial.over
        with pytest.raises(RuntimeError, match="ended or given back"):
            trial.report(5, accuracy=1)
    (done,) = fake.asked("CompleteTrial")
    assert done.final_measurement.step == 4
    assert done.final_measurement.metrics[0].value == 9.5
    assert not fake.asked("ReleaseTrial")


def test_a_target_that_is_not_reported_is_told_to_the_job(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.append(offer(1))
    with pytest.raises(RuntimeError, match="step 3.*not reported"):
        for trial in study.trials():
            for step in trial.steps():
                if step < 3:
                    trial.report(step, accuracy=1)
    assert len(fake.asked("ReleaseTrial")) == 1 and not fake.asked("CompleteTrial")


def test_reports_without_waiting(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.append(offer(1, target=200))
    fake.reply = lambda request: directive("COMPLETE" if request.measurement.step == 200 else "CONTINUE", 200)
    for trial in study.trials():
        for step in trial.steps():
            trial.report(step, accuracy=1, elapsed=step / 2, wait=False)
            assert len(trial._outstanding) <= 64
        assert trial.directive.kind is wazir.DirectiveKind.COMPLETE
        assert trial.last_step == 200
    assert fake.reported() == [(1, step) for step in range(1, 201)]
    assert fake.streamed[2].measurement.elapsed.ToTimedelta().total_seconds() == 1.5


def test_an_unasked_stop_ends_the_steps(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.append(offer(1, target=100))
    fake.reply = lambda request: directive("CONTINUE", 100)
    steps = 0
    for trial in study.trials():
        for step in trial.steps():
            if step == 2:
                # On the stream it goes ahead of the answer to the report.
                stop = directive("STOP")
                fake.push(pb.StreamMeasurementsResponse(trial=trial.name, attempt=1, directive=stop))
            trial.report(step, accuracy=1)
            steps += 1
        assert trial.directive.kind is wazir.DirectiveKind.STOP and not trial.lost
        assert trial.report(3, accuracy=1).kind is wazir.DirectiveKind.STOP
    # It was heard: the server need not wait for the lease to end.
    assert steps == 2 and fake.reported() == [(1, 1), (1, 2)] and len(fake.streamed) == 3
    assert fake.streamed[2].trial == f"{STUDY}/trials/1" and fake.streamed[2].attempt == 1


def test_an_unasked_word_to_another_attempt_is_not_ours(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.append(offer(1, attempt=2))
    for trial in study.trials():
        for step in trial.steps():
            stop = directive("STOP")
            fake.push(pb.StreamMeasurementsResponse(trial=trial.name, attempt=1, directive=stop))
            trial.report(step, accuracy=1)
        assert trial.last_step == 3


@pytest.mark.parametrize("waits", [True, False])
def test_a_lost_trial_ends_quietly(fake: FakeServer, study: wazir.Study, waits: bool) -> None:
    fake.offers.extend([offer(1), offer(2)])
    fake.reply = lambda request: (
        STALE
        if request.trial.endswith("/1") and request.measurement.step == 2
        else directive("COMPLETE" if request.measurement.step == 3 else "CONTINUE", 3)
    )
    lost = []
    for trial in study.trials():
        for step in trial.steps():
            trial.report(step, accuracy=1, wait=waits)
        lost.append(trial.lost)
        if trial.lost:
            assert trial.directive.stop
            assert trial.report(9, accuracy=1).stop
    assert lost == [True, False]
    assert not fake.asked("ReleaseTrial") and not fake.asked("CompleteTrial")


def test_a_trial_that_ended_elsewhere_ends_quietly(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.append(offer(1))
    fake.reply = lambda request: ENDED
    assert run(study) == [[1]]


def test_a_refused_report_is_raised_in_the_body(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.append(offer(1))
    fake.reply = lambda request: status(grpc.StatusCode.ALREADY_EXISTS, "MEASUREMENT_CONFLICT")
    with pytest.raises(wazir.MeasurementConflict):
        run(study)
    with pytest.raises(ValueError, match="no metric"):
        fake.offers.append(offer(2))
        for trial in study.trials():
            trial.report(1)


def test_the_lease_is_renewed_while_the_body_says_nothing(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.append(offer(1, target=9, lease=0.3))
    renewals = 0

    def reply(request: pb.StreamMeasurementsRequest) -> Any:
        nonlocal renewals
        if request.HasField("measurement"):
            return directive("CONTINUE", 9)
        renewals += 1
        return directive("CONTINUE", 9) if renewals < 3 else STALE

    fake.reply = reply
    for trial in study.trials():
        for step in trial.steps():
            trial.report(step, accuracy=1)
            fake.wait_for(lambda: renewals == 3)
            trial.report(step, accuracy=1)
        # The word that the trial is somebody else's came with a renewal.
        assert trial.lost
    assert fake.streamed[1].trial == fake.streamed[0].trial and fake.streamed[1].attempt == 1


def test_asks_again_after_an_empty_answer_and_tells_what_it_holds(
    fake: FakeServer, study: wazir.Study
) -> None:
    fake.offers.extend([offer(0), offer(0), offer(1), offer(2)])
    first = study.trials(worker="w")
    trial = next(first)
    second = study.trials(worker="w")
    assert next(second).id == 2
    asked = fake.asked("SuggestTrials")
    assert len({each.request_id for each in asked}) == 4
    assert [len(each.holding) for each in asked] == [0, 0, 0, 1]
    assert (asked[3].holding[0].trial, asked[3].holding[0].attempt) == (trial.id, trial.attempt)


def test_workers_have_names_of_their_own(fake: FakeServer, study: wazir.Study) -> None:
    list(study.trials())
    list(study.trials())
    one, two = (each.client_id for each in fake.asked("SuggestTrials"))
    assert one and two and one != two
