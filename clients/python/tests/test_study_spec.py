from __future__ import annotations

import datetime

import pytest

import wazir
from wazir.study_spec import study_spec
from wazir.v1 import study_pb2 as pb


def test_algorithms_by_name() -> None:
    assert wazir.sampler("sobol").WhichOneof("kind") == "sobol"
    assert wazir.sampler("grid", shuffle=True).grid.shuffle is True
    plan = wazir.scheduler("hyperband", eta=4, rounds=0, rounding="ROUNDING_TABLE_1")
    assert plan.hyperband.eta == 4
    assert plan.hyperband.HasField("rounds") and plan.hyperband.rounds == 0
    assert plan.hyperband.rounding == pb.HyperbandScheduler.ROUNDING_TABLE_1


def test_unknown_algorithms_and_settings_are_named() -> None:
    with pytest.raises(ValueError, match="asha_stopping"):
        wazir.scheduler("ashe")
    with pytest.raises(ValueError, match="etta"):
        wazir.scheduler("asha", etta=3)


def test_whole_spec() -> None:
    spec = study_spec(
        [wazir.double("lr", 0, 1)],
        {"accuracy": "maximize", "latency": "minimize"},
        resource=("epoch", 1, 81),
        sampler="random",
        scheduler=wazir.scheduler("asha", eta=3),
        max_trials=100,
        max_duration=datetime.timedelta(hours=1),
        max_time_without_progress=90.5,
        lease_duration=2,
        measurement_selection="best",
        seed=7,
    )
    assert [(m.name, m.goal) for m in spec.metrics] == [
        ("accuracy", pb.METRIC_GOAL_MAXIMIZE),
        ("latency", pb.METRIC_GOAL_MINIMIZE),
    ]
    assert spec.resource == pb.ResourceSpec(name="epoch", min=1, max=81)
    assert spec.sampler.WhichOneof("kind") == "random"
    assert spec.scheduler.asha.eta == 3
    assert spec.limits.max_trials == 100
    assert spec.limits.max_duration.seconds == 3600
    assert spec.limits.max_time_without_progress.ToTimedelta().total_seconds() == 90.5
    assert spec.lease_duration.seconds == 2
    assert spec.measurement_selection == pb.MEASUREMENT_SELECTION_BEST
    assert spec.seed == 7


def test_what_is_not_given_is_left_to_the_server() -> None:
    spec = study_spec([wazir.double("lr", 0, 1)], {"loss": "minimize"})
    for field in ("resource", "sampler", "scheduler", "lease_duration", "seed"):
        assert not spec.HasField(field)


def test_goals_are_checked() -> None:
    with pytest.raises(ValueError, match="goal of metric 'loss'"):
        study_spec([], {"loss": "min"})
