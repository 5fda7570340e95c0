from __future__ import annotations

import os
from pathlib import Path

import pytest

import wazir
from fake_server import ENDED, STALE, FakeServer, directive, offer
from wazir.v1 import measurement_pb2 as pb
from wazir.v1 import trial_pb2


def train(trial: wazir.Trial) -> None:
    for step in trial.steps():
        trial.report(step, accuracy=step)


def save(trial: wazir.Trial) -> str:
    path = trial.checkpoint_path_to_write
    Path(path).write_text("weights")
    return path


def ended(fake: FakeServer, id: int, state: trial_pb2.TrialState.ValueType, *, needed: bool = False) -> None:
    """How the trial stands when the client looks at it again."""
    trial = offer(id)
    trial.state = state
    trial.checkpoint_needed = needed
    fake.trials[id] = trial


@pytest.fixture
def pausing(fake: FakeServer) -> FakeServer:
    fake.reply = lambda request: directive("PAUSE" if request.measurement.step == 3 else "CONTINUE", 3)
    return fake


def test_after_pause_the_checkpoint_is_handed_over(
    pausing: FakeServer, study: wazir.Study, tmp_path: Path
) -> None:
    pausing.offers.extend([offer(1), offer(2)])
    for trial in study.trials(checkpoint_dir=tmp_path):
        train(trial)
        if trial.id == 1:
            assert save(trial) == str(tmp_path / "s-u1" / "1-1")
    with_one, without = pausing.asked("ReleaseTrial")
    assert with_one.checkpoint == pb.Checkpoint(step=3, uri=str(tmp_path / "s-u1" / "1-1"))
    assert (with_one.attempt, with_one.study_uid) == (1, "u1") and with_one.request_id
    assert without.name.endswith("/2") and not without.HasField("checkpoint")
    assert os.listdir(tmp_path / "s-u1") == ["1-1"]


def test_the_checkpoint_before_goes_once_the_next_is_known(
    pausing: FakeServer, study: wazir.Study, tmp_path: Path
) -> None:
    folder = tmp_path / "s-u1"
    folder.mkdir()
    for name in ("1-1", "7-1"):
        (folder / name).write_text("old")
    own = pb.Checkpoint(step=1, uri=str(folder / "1-1"), trial=1)
    donors = pb.Checkpoint(step=1, uri=str(folder / "7-1"), trial=7)
    pausing.offers.append(offer(1, start=1, attempt=2, checkpoint=own))
    pausing.offers.append(offer(2, start=1, attempt=1, checkpoint=donors))
    for trial in study.trials(checkpoint_dir=tmp_path):
        train(trial)
        save(trial)
    assert sorted(os.listdir(folder)) == ["1-2", "2-1", "7-1"]


def test_a_stopped_trial_leaves_nothing_that_is_not_needed(
    fake: FakeServer, study: wazir.Study, tmp_path: Path
) -> None:
    fake.offers.extend([offer(1), offer(2), offer(3)])
    fake.reply = lambda request: directive("STOP" if request.trial[-1] != "3" else "COMPLETE")
    ended(fake, 1, trial_pb2.TRIAL_STATE_STOPPED)
    ended(fake, 2, trial_pb2.TRIAL_STATE_STOPPED, needed=True)
    ended(fake, 3, trial_pb2.TRIAL_STATE_SUCCEEDED)
    for trial in study.trials(checkpoint_dir=tmp_path):
        train(trial)
        path = save(trial)
        fake.trials[trial.id].checkpoint.uri = path
    # 2 is a donor that may still be asked for; 3 is the trained model.
    assert sorted(os.listdir(tmp_path / "s-u1")) == ["2-1", "3-1"]
    assert not fake.asked("ReleaseTrial") and not fake.asked("CompleteTrial")


def test_the_end_of_the_study_sweeps_up(pausing: FakeServer, study: wazir.Study, tmp_path: Path) -> None:
    pausing.offers.extend([offer(1), offer(2), offer(3)])
    for trial in study.trials(checkpoint_dir=tmp_path):
        train(trial)
        save(trial)
        if trial.id == 3:
            (tmp_path / "s-u1" / "1-9").write_text("of an attempt that was killed")
            ended(pausing, 1, trial_pb2.TRIAL_STATE_STOPPED)
            ended(pausing, 2, trial_pb2.TRIAL_STATE_SUCCEEDED)
            ended(pausing, 3, trial_pb2.TRIAL_STATE_STOPPED, needed=True)
    assert sorted(os.listdir(tmp_path / "s-u1")) == ["2-1", "3-1"]


def test_checkpoints_are_kept_when_asked_for(fake: FakeServer, study: wazir.Study, tmp_path: Path) -> None:
    fake.offers.append(offer(1))
    fake.reply = lambda request: directive("STOP")
    ended(fake, 1, trial_pb2.TRIAL_STATE_STOPPED)
    for trial in study.trials(checkpoint_dir=tmp_path, keep_checkpoints=True):
        train(trial)
        save(trial)
    assert os.listdir(tmp_path / "s-u1") == ["1-1"]


def test_checkpoints_on_the_way(pausing: FakeServer, study: wazir.Study, tmp_path: Path) -> None:
    pausing.offers.append(offer(1))
    paths = []
    for trial in study.trials(checkpoint_dir=tmp_path):
        for step in trial.steps():
            trial.report(step, accuracy=1, wait=False)
            if step < 3:
                paths.append(save(trial))
                assert not trial.checkpoint_saved().stop
    one, two = pausing.asked("RenewLease")
    assert one.checkpoint == pb.Checkpoint(step=1, uri=paths[0])
    assert two.checkpoint == pb.Checkpoint(step=2, uri=paths[1])
    # One that the server knows of is never written over, and goes when the next is known.
    assert [os.path.basename(path) for path in paths] == ["1-1", "1-1-1"]
    assert os.listdir(tmp_path / "s-u1") == ["1-1-1"]
    assert not pausing.asked("ReleaseTrial")[0].HasField("checkpoint")


def test_leaving_the_steps_early_completes(
    fake: FakeServer, study: wazir.Study, caplog: pytest.LogCaptureFixture
) -> None:
    fake.offers.extend([offer(1), offer(2)])
    for trial in study.trials():
        for step in trial.steps():
            if trial.id == 2:
                break
            trial.report(step, accuracy=step)
            break
    (completed,) = fake.asked("CompleteTrial")
    assert completed.name.endswith("/1") and not completed.HasField("final_measurement")
    assert completed.WhichOneof("outcome") is None
    (released,) = fake.asked("ReleaseTrial")
    assert released.name.endswith("/2")
    assert "nothing was reported" in caplog.text


@pytest.mark.parametrize("by", ["break", "exception"])
def test_leaving_the_loop_gives_the_trial_back(
    pausing: FakeServer, study: wazir.Study, tmp_path: Path, by: str
) -> None:
    pausing.offers.extend([offer(1), offer(2)])

    def body() -> None:
        for trial in study.trials(checkpoint_dir=tmp_path):
            train(trial)
            save(trial)
            if by == "exception":
                raise ZeroDivisionError
            break

    if by == "exception":
        with pytest.raises(ZeroDivisionError):
            body()
    else:
        body()
    # Whether the checkpoint is whole can not be known here.
    (released,) = pausing.asked("ReleaseTrial")
    assert released.name.endswith("/1") and not released.HasField("checkpoint")
    assert not pausing.asked("CompleteTrial") and len(pausing.offers) == 1


def test_with_reports_failures_and_goes_on_with_those_to_catch(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.extend([offer(1), offer(2), offer(3)])
    with pytest.raises(KeyError):
        for trial in study.trials(catch=(MemoryError,)):
            with trial:
                if trial.id == 1:
                    raise MemoryError("x" * 5000 + "ü")
                train(trial)
                if trial.id == 3:
                    raise KeyError("after the end")
    (failed,) = [each for each in fake.asked("CompleteTrial") if each.name.endswith("/1")]
    assert failed.failure_reason.startswith("MemoryError: xxx")
    assert len(failed.failure_reason.encode()) == 4096
    assert fake.reported() == [(id, step) for id in (2, 3) for step in (1, 2, 3)]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_with_gives_back_when_the_process_ends(
    fake: FakeServer, study: wazir.Study, kind: type[BaseException]
) -> None:
    fake.offers.append(offer(1))
    with pytest.raises(kind):
        for trial in study.trials():
            with trial:
                trial.report(1, accuracy=1)
                raise kind
    assert len(fake.asked("ReleaseTrial")) == 1 and not fake.asked("CompleteTrial")


def test_with_finishes_before_the_loop_does(pausing: FakeServer, study: wazir.Study, tmp_path: Path) -> None:
    pausing.offers.extend([offer(1), offer(2)])
    for trial in study.trials(checkpoint_dir=tmp_path):
        with trial:
            train(trial)
            save(trial)
        assert pausing.asked("ReleaseTrial")[0].HasField("checkpoint")
        break
    assert len(pausing.asked("ReleaseTrial")) == 1


def test_ends_of_the_bodys_own(fake: FakeServer, study: wazir.Study) -> None:
    fake.offers.extend([offer(1), offer(2), offer(3), offer(4)])
    for trial in study.trials():
        if trial.id == 1:
            trial.infeasible("too large")
        elif trial.id == 2:
            trial.fail("")
        elif trial.id == 3:
            trial.complete(step=7, metrics={"a b": 2})
        else:
            trial.report(1, accuracy=1)
            trial.release("/somewhere/else")
        assert trial.over and list(trial.steps()) == []
    infeasible, failed, complete = fake.asked("CompleteTrial")
    assert infeasible.infeasible_reason == "too large"
    assert failed.WhichOneof("outcome") == "failure_reason" and failed.failure_reason
    assert complete.final_measurement.step == 7
    assert [(m.name, m.value) for m in complete.final_measurement.metrics] == [("a b", 2)]
    (released,) = fake.asked("ReleaseTrial")
    assert released.checkpoint == pb.Checkpoint(step=1, uri="/somewhere/else")


def test_a_trial_lost_while_it_was_saved_is_let_go(
    pausing: FakeServer, study: wazir.Study, tmp_path: Path
) -> None:
    pausing.offers.extend([offer(1), offer(2)])
    pausing.faults["ReleaseTrial"].extend([("before", STALE), ("before", ENDED)])
    ended(pausing, 2, trial_pb2.TRIAL_STATE_STOPPED)
    lost = []
    for trial in study.trials(checkpoint_dir=tmp_path):
        train(trial)
        save(trial)
        trial.finish()
        lost.append(trial.lost)
    assert lost == [True, False]
    assert len(pausing.asked("ReleaseTrial")) == 2
    assert os.listdir(tmp_path / "s-u1") == []


def test_an_outage_is_no_failure_of_the_trial(fake: FakeServer) -> None:
    fake.offers.append(offer(1))
    fake.reply = lambda request: None
    with wazir.connect(fake.address, retry_timeout=0) as client, pytest.raises(wazir.Unavailable):
        for trial in client.study("s").trials():
            with trial:
                train(trial)
    assert not fake.asked("CompleteTrial")
