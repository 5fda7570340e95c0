from __future__ import annotations

import pytest

import wazir
from wazir.v1 import study_pb2 as pb
from wazir.v1 import trial_pb2


def test_double_on_a_scale() -> None:
    spec = wazir.double("lr", 1e-4, 1e-1, log=True, default=0.01, grid_points=5)
    assert spec == pb.ParameterSpec(
        name="lr",
        double=pb.DoubleDomain(min=1e-4, max=1e-1),
        scale=pb.PARAMETER_SCALE_LOG,
        default_value=trial_pb2.ParameterValue(double_value=0.01),
        grid_points=5,
    )
    assert wazir.double("m", 0.5, 1, reverse_log=True).scale == pb.PARAMETER_SCALE_REVERSE_LOG
    assert wazir.double("m", 0.5, 1).scale == pb.PARAMETER_SCALE_UNSPECIFIED


def test_other_domains() -> None:
    assert wazir.integer("n", 1, 8, default=3) == pb.ParameterSpec(
        name="n",
        integer=pb.IntegerDomain(min=1, max=8),
        default_value=trial_pb2.ParameterValue(integer_value=3),
    )
    assert list(wazir.categorical("a", ["x", "y"]).categorical.values) == ["x", "y"]
    discrete = wazir.discrete("batch", [16, 32], log=True, default=16)
    assert list(discrete.discrete.values) == [16, 32]
    assert discrete.default_value.double_value == 16


def test_children_by_one_value_or_several() -> None:
    momentum = wazir.double("momentum", 0, 0.99)
    beta = wazir.double("beta", 0.9, 0.999)
    spec = wazir.categorical(
        "optimizer", ["sgd", "adam", "lamb"], children={"sgd": [momentum], ("adam", "lamb"): [beta]}
    )
    first, second = spec.children
    assert [value.string_value for value in first.parent_values] == ["sgd"]
    assert first.parameter == momentum
    assert [value.string_value for value in second.parent_values] == ["adam", "lamb"]
    assert second.parameter == beta
    layers = wazir.integer("layers", 1, 3, children={(2, 3): [wazir.integer("units", 1, 9)]})
    assert [value.integer_value for value in layers.children[0].parent_values] == [2, 3]


def test_what_can_not_be_meant() -> None:
    with pytest.raises(ValueError, match="not both"):
        wazir.double("x", 1, 2, log=True, reverse_log=True)
    with pytest.raises(ValueError, match="whole"):
        wazir.integer("x", 1, 2, default=1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        wazir.categorical("x", ["a"], default=1)  # type: ignore[arg-type]
