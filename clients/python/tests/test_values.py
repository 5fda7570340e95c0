from __future__ import annotations

import pytest

import wazir
from wazir.v1 import trial_pb2
from wazir.values import Value, parameters_from, parameters_to, value_to


def test_parameters_keep_type_and_order() -> None:
    specs = [
        wazir.integer("n", 1, 9),
        wazir.double("lr", 0, 1),
        wazir.categorical("opt", ["sgd"], children={"sgd": [wazir.discrete("batch", [16, 32])]}),
    ]
    values: dict[str, Value] = {"n": 3, "lr": 1, "opt": "sgd", "batch": 16}
    written = parameters_to(specs, values)
    assert [each.value.WhichOneof("kind") for each in written] == [
        "integer_value",
        "double_value",
        "string_value",
        "double_value",
    ]
    read = parameters_from(written)
    assert read == values and list(read) == list(values)
    assert isinstance(read["lr"], float) and isinstance(read["n"], int)


def test_a_name_in_two_branches_is_typed_by_its_value() -> None:
    width = {"a": [wazir.integer("width", 1, 9)], "b": [wazir.double("width", 0, 1)]}
    specs = [wazir.categorical("kind", ["a", "b"], children=width)]
    assert parameters_to(specs, {"width": 4})[0].value.integer_value == 4
    assert parameters_to(specs, {"width": 0.25})[0].value.double_value == 0.25


def test_wrong_values_are_refused() -> None:
    with pytest.raises(ValueError, match="no parameter 'x'"):
        parameters_to([wazir.double("lr", 0, 1)], {"x": 1})
    with pytest.raises(TypeError):
        value_to(True, "integer")
    with pytest.raises(TypeError):
        value_to("3", "double")
    with pytest.raises(ValueError, match="whole"):
        value_to(1.5, "integer")
    with pytest.raises(ValueError, match="without a value"):
        parameters_from([trial_pb2.Parameter(name="x")])
