from __future__ import annotations

import datetime

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty

import wazir
from fake_server import STUDY, FakeServer
from wazir.v1 import measurement_pb2 as pb
from wazir.v1 import study_pb2, trial_pb2


def trial(id: int, accuracy: float, state: trial_pb2.TrialState.ValueType) -> trial_pb2.Trial:
    value = pb.MetricValue(name="accuracy", value=accuracy)
    return trial_pb2.Trial(
        name=f"{STUDY}/trials/{id}",
        id=id,
        state=state,
        parameters=[
            trial_pb2.Parameter(name="lr", value=trial_pb2.ParameterValue(double_value=0.5)),
            trial_pb2.Parameter(name="opt", value=trial_pb2.ParameterValue(string_value="sgd")),
        ],
        best_measurement=pb.Measurement(step=3, metrics=[value]),
        last_step=3,
        attempts=2,
    )


def test_best_and_optimal(fake: FakeServer, study: wazir.Study) -> None:
    one = trial(1, 0.9, trial_pb2.TRIAL_STATE_SUCCEEDED)
    two = trial(2, 0.8, trial_pb2.TRIAL_STATE_ACTIVE)
    fake.answers["ListOptimalTrials"].extend(
        [
            study_pb2.ListOptimalTrialsResponse(trials=[one]),
            study_pb2.ListOptimalTrialsResponse(),
            study_pb2.ListOptimalTrialsResponse(trials=[one, two]),
            study_pb2.ListOptimalTrialsResponse(trials=[one, two]),
        ]
    )
    best = study.best()
    assert best is not None and best.message == one
    assert (best.id, best.state, best.metrics) == (1, wazir.TrialState.SUCCEEDED, {"accuracy": 0.9})
    assert best.parameters == {"lr": 0.5, "opt": "sgd"} and best.final == {}
    assert study.best() is None
    assert [each.id for each in study.optimal()] == [1, 2]
    with pytest.raises(ValueError, match=r"optimal\(\)"):
        study.best()


def test_lists_go_through_all_pages(fake: FakeServer, client: wazir.Client, study: wazir.Study) -> None:
    for id in (1, 2, 3):
        fake.trials[id] = trial(id, 0.5, trial_pb2.TRIAL_STATE_STOPPED)
    assert [each.id for each in study.list_trials([wazir.TrialState.STOPPED], newest_first=True)] == [1, 2, 3]
    assert list(study.list_trials([wazir.TrialState.FAILED])) == []
    asked = fake.asked("ListTrials")
    assert [each.page_token for each in asked] == ["", "1", "2", ""]
    assert asked[0].order_by == "id desc" and asked[3].order_by == "id"

    fake.answers["ListMeasurements"].extend(
        [
            pb.ListMeasurementsResponse(
                measurements=[pb.Measurement(step=1, elapsed=Duration(seconds=1, nanos=500_000_000))],
                next_page_token="x",
            ),
            pb.ListMeasurementsResponse(
                measurements=[pb.Measurement(step=2, attempt=2, metrics=[pb.MetricValue(name="a", value=3)])]
            ),
        ]
    )
    first, second = study.measurements(1, superseded=True)
    assert (first.step, first.elapsed) == (1, 1.5)
    assert (second.attempt, second.metrics, second.elapsed) == (2, {"a": 3}, None)
    assert [each.show_superseded for each in fake.asked("ListMeasurements")] == [True, True]

    progress = study_pb2.StudyProgress(active=2, stopped=5, resource_spent=70)
    stored = study_pb2.Study(name=STUDY, state=trial_pb2.STUDY_STATE_ACTIVE, progress=progress)
    fake.answers["ListStudies"].append(study_pb2.ListStudiesResponse(studies=[stored]))
    (found,) = client.studies()
    assert (found.id, found.state, found.resource_spent) == ("s", wazir.StudyState.ACTIVE, 70)
    assert found.trials[wazir.TrialState.STOPPED] == 5 and found.trials[wazir.TrialState.FAILED] == 0


def test_own_trials_are_typed_by_the_spec(fake: FakeServer, study: wazir.Study) -> None:
    spec = study_pb2.StudySpec(parameters=[wazir.double("lr", 0, 1), wazir.integer("n", 1, 9)])
    fake.answers["GetStudy"].extend([study_pb2.Study(spec=spec)] * 2)
    fake.answers["CreateTrial"].extend([trial(4, 0, trial_pb2.TRIAL_STATE_REQUESTED)] * 2)
    assert study.enqueue({"lr": 1, "n": 2}).id == 4
    study.add_finished({"lr": 0.5, "n": 3}, {"accuracy": 0.7}, step=9)
    queued, warm = fake.asked("CreateTrial")
    assert [each.value.WhichOneof("kind") for each in queued.trial.parameters] == [
        "double_value",
        "integer_value",
    ]
    assert not queued.trial.HasField("final_measurement")
    assert warm.trial.final_measurement.step == 9 and queued.request_id != warm.request_id


def test_state_and_limits(fake: FakeServer, study: wazir.Study) -> None:
    fake.answers["UpdateStudy"].extend([study_pb2.Study(name=STUDY)] * 4)
    study.pause()
    study.resume()
    study.complete()
    study.set_limits(max_trials=0, max_duration=datetime.timedelta(minutes=1))
    asked = fake.asked("UpdateStudy")
    assert [each.study.state for each in asked[:3]] == [
        trial_pb2.STUDY_STATE_PAUSED,
        trial_pb2.STUDY_STATE_ACTIVE,
        trial_pb2.STUDY_STATE_COMPLETED,
    ]
    assert [list(each.update_mask.paths) for each in asked[:3]] == [["state"]] * 3
    assert list(asked[3].update_mask.paths) == ["spec.limits.max_trials", "spec.limits.max_duration"]
    assert asked[3].study.spec.limits.max_duration.seconds == 60
    with pytest.raises(ValueError, match="no limit"):
        study.set_limits()


def test_ends_of_trials_and_studies(fake: FakeServer, client: wazir.Client, study: wazir.Study) -> None:
    fake.answers["StopTrial"].append(trial(1, 0, trial_pb2.TRIAL_STATE_STOPPING))
    fake.answers["DeleteTrial"].append(Empty())
    assert study.stop_trial(1).state is wazir.TrialState.STOPPING
    study.delete_trial(1)
    client.delete_study("s")
    assert fake.asked("DeleteTrial")[0].name == f"{STUDY}/trials/1"
    assert fake.asked("DeleteStudy")[0].name == STUDY


def test_ids_that_would_name_something_else(client: wazir.Client) -> None:
    for id in ("", "a/b"):
        with pytest.raises(ValueError, match="slash"):
            client.study(id)


def test_create_study_tells_all(fake: FakeServer, client: wazir.Client) -> None:
    created = client.create_study(
        "s", [wazir.double("lr", 0, 1)], {"loss": "minimize"}, display_name="S", labels={"a": "b"}, seed=1
    )
    assert created.name == STUDY
    (asked,) = fake.asked("CreateStudy")
    assert (asked.parent, asked.study_id) == ("owners/default", "s") and asked.request_id
    assert asked.study.display_name == "S" and dict(asked.study.labels) == {"a": "b"}
    assert asked.study.spec.seed == 1
