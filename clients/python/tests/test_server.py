"""The client against the server itself, over TCP and over a Unix socket."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import wazir
from real_server import RealServer


@pytest.fixture(scope="module")
def server() -> Iterator[RealServer]:
    # Not pytest's own folder: the path of a Unix socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="wazir-"))
    server = RealServer(folder / "data", "127.0.0.1:0", f"unix:{folder}/socket")
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(params=["tcp", "unix"])
def client(request: pytest.FixtureRequest, server: RealServer) -> Iterator[wazir.Client]:
    tcp, unix = server.addresses
    assert unix.startswith("unix:")
    address = tcp if request.param == "tcp" else unix
    with wazir.connect(address, owner=f"{request.param}-{request.node.originalname}") as client:
        yield client


def simple(client: wazir.Client, id: str = "s", max_trials: int = 0) -> wazir.Study:
    """A study without a resource."""
    return client.create_study(
        id,
        [wazir.double("x", 0, 1), wazir.integer("n", 1, 9)],
        {"loss": "minimize"},
        max_trials=max_trials,
        seed=1,
    )


def test_a_study_by_asha(client: wazir.Client, tmp_path: Path) -> None:
    study = client.create_study(
        "s",
        [
            wazir.double("lr", 1e-4, 1e-1, log=True),
            wazir.categorical(
                "optimizer", ["sgd", "adam"], children={"sgd": [wazir.double("momentum", 0, 0.9)]}
            ),
        ],
        {"loss": "minimize"},
        resource=("epoch", 1, 9),
        sampler="sobol",
        scheduler=wazir.scheduler("asha", eta=3),
        max_trials=9,
        seed=3,
    )
    resumed = 0
    for trial in study.trials(checkpoint_dir=tmp_path):
        assert 1e-4 <= trial.parameters["lr"] <= 1e-1
        assert ("momentum" in trial.parameters) == (trial.parameters["optimizer"] == "sgd")
        at = int(Path(trial.checkpoint_path).read_text()) if trial.checkpoint_path else 0
        assert at == trial.from_resource
        resumed += at > 0
        for step in trial.steps():
            trial.report(step, loss=trial.parameters["lr"] / step, elapsed=step)
            at = step
        Path(trial.checkpoint_path_to_write).write_text(str(at))
    assert resumed > 0
    assert study.get().state is wazir.StudyState.COMPLETED
    trials = list(study.list_trials())
    assert [each.id for each in trials] == list(range(1, 10))
    best = study.best()
    assert best is not None
    assert best.metrics["loss"] == min(each.metrics["loss"] for each in trials)
    (top,) = {each.last_step for each in study.list_trials([wazir.TrialState.SUCCEEDED])}
    assert top == 9
    measured = list(study.measurements(best.id))
    assert [each.step for each in measured] == list(range(1, best.last_step + 1))
    assert measured[1].metrics == {"loss": best.parameters["lr"] / 2} and measured[1].elapsed == 2


def test_without_a_resource(client: wazir.Client) -> None:
    study = simple(client, max_trials=3)
    assert study.enqueue({"x": 0.25, "n": 4}).state is wazir.TrialState.REQUESTED
    study.add_finished({"x": 0.75, "n": 1}, {"loss": 5})
    seen = []
    for trial in study.trials():
        seen.append(trial.parameters)
        if len(seen) == 2:
            trial.infeasible("does not fit")
            continue
        trial.report(1, loss=9)
        trial.complete(loss=trial.parameters["x"])
    assert seen[0] == {"x": 0.25, "n": 4}
    # The infeasible one was replaced.
    assert len(seen) == 4
    states = [each.state for each in study.list_trials()]
    assert states.count(wazir.TrialState.SUCCEEDED) == 4
    (infeasible,) = study.list_trials([wazir.TrialState.INFEASIBLE])
    assert infeasible.reason == "does not fit"
    best = study.best()
    assert best is not None
    assert best.final == {"loss": min(p["x"] for i, p in enumerate(seen) if i != 1)}


def test_failures_and_interruptions(client: wazir.Client) -> None:
    study = simple(client, max_trials=2)
    for trial in study.trials(catch=(ArithmeticError,)):
        with trial:
            trial.report(1, loss=1)
            if trial.id == 1:
                raise ZeroDivisionError("by zero")
    assert study.trial(1).state is wazir.TrialState.FAILED
    assert study.trial(1).reason == "ZeroDivisionError: by zero"
    assert study.trial(2).state is wazir.TrialState.SUCCEEDED

    study.set_limits(max_trials=3)
    assert study.get().state is wazir.StudyState.ACTIVE
    with pytest.raises(KeyError):
        for _ in study.trials():
            raise KeyError
    assert study.trial(3).state is wazir.TrialState.ACTIVE
    # Given back, not left to expire: the next asker has it at once, under a new attempt.
    for trial in study.trials():
        assert (trial.id, trial.attempt) == (3, 2)
        trial.complete(loss=1)
    assert study.trial(3).message.expiries == 0


def test_a_worker_comes_back_under_its_name(server: RealServer, client: wazir.Client) -> None:
    study = simple(client, max_trials=1)
    before = study.trials(worker="w")
    lost = next(before)
    lost.report(1, loss=1)
    tcp = server.addresses[0]
    # Another process, as far as the server can tell: it does not know what the first one holds.
    with wazir.connect(tcp, owner=study.name.split("/")[1]) as same:
        for trial in same.study("s").trials(worker="w"):
            assert (trial.id, trial.attempt) == (lost.id, lost.attempt + 1)
            assert lost.report(2, loss=1).stop and lost.lost
            trial.complete(loss=2)
    before.close()
    assert study.trial(lost.id).state is wazir.TrialState.SUCCEEDED


def test_stopping(client: wazir.Client) -> None:
    study = simple(client, max_trials=5)
    for trial in study.trials():
        for step in trial.steps():
            trial.report(step, loss=1)
            if step == 2:
                assert study.stop_trial(trial.id).state is wazir.TrialState.STOPPING
            assert step < 4
        assert trial.directive.kind is wazir.DirectiveKind.STOP and not trial.lost
        trial.finish()
        assert study.trial(trial.id).state is wazir.TrialState.STOPPED
        study.complete()
    assert [each.id for each in study.list_trials()] == [1]
    assert study.get().state is wazir.StudyState.COMPLETED


def test_names_and_errors(client: wazir.Client) -> None:
    with pytest.raises(wazir.InvalidArgument) as caught:
        client.create_study("s", [wazir.double("x", 0, 1, log=True)], {"loss": "minimize"})
    assert any("parameters[0]" in each.field for each in caught.value.violations)
    with pytest.raises(wazir.NotFound):
        client.study("none").get()
    with pytest.raises(wazir.NotFound):
        list(client.study("none").trials())
    simple(client, "b")
    study = simple(client, "a ü")
    with pytest.raises(wazir.AlreadyExists):
        simple(client, "b")
    again = client.create_study("b", [wazir.double("y", 0, 1)], {"loss": "minimize"}, exist_ok=True)
    assert again.get().message.spec.parameters[0].name == "x"
    assert [each.id for each in client.studies()] == ["a ü", "b"]
    trials = study.trials()
    trial = next(trials)
    with pytest.raises(wazir.InvalidArgument):
        trial.report(1, accuracy=1)
    trial.report(1, loss=1)
    with pytest.raises(wazir.MeasurementConflict):
        trial.report(1, loss=2)
    with pytest.raises(wazir.FailedPrecondition):
        study.delete_trial(trial.id)
    client.delete_study("a ü")
    assert trial.report(2, loss=1).stop and trial.lost
    trials.close()
    assert [each.id for each in client.studies()] == ["b"]


def test_the_generated_stubs_are_at_hand(client: wazir.Client) -> None:
    from wazir.v1 import study_pb2
    from wazir.v1.study_pb2_grpc import StudyServiceStub

    known = StudyServiceStub(client.channel).ListAlgorithms(study_pb2.ListAlgorithmsRequest())
    ours = {field.name for field in study_pb2.SchedulerSpec.DESCRIPTOR.fields}
    assert {each.name for each in known.schedulers} <= ours
