"""Values of parameters, to and from the contract's messages."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Union

from google.protobuf.duration_pb2 import Duration

from .v1 import measurement_pb2, study_pb2, trial_pb2

#: A value of a parameter.
Value = Union[float, int, str]


def parameters_from(parameters: Iterable[trial_pb2.Parameter]) -> dict[str, Any]:
    """Reads parameters: ``float``, ``int`` or ``str`` by name, in the order of the study's spec."""
    return {each.name: value_from(each.value) for each in parameters}


def value_from(value: trial_pb2.ParameterValue) -> Any:
    """Reads one value."""
    kind = value.WhichOneof("kind")
    if kind is None:
        raise ValueError("a parameter without a value; this client may be older than the server")
    return getattr(value, kind)


def value_to(value: Value, domain: str) -> trial_pb2.ParameterValue:
    """Writes one value for a parameter whose domain is `double`, `integer`, `categorical` or `discrete`."""
    if domain == "categorical":
        if not isinstance(value, str):
            raise TypeError(f"a categorical value must be a str, not {value!r}")
        return trial_pb2.ParameterValue(string_value=value)
    if isinstance(value, (bool, str)):
        raise TypeError(f"a value of a {domain} parameter must be a number, not {value!r}")
    if domain == "integer":
        if value != int(value):
            raise ValueError(f"{value!r} is no whole number")
        return trial_pb2.ParameterValue(integer_value=int(value))
    return trial_pb2.ParameterValue(double_value=float(value))


def parameters_to(
    specs: Iterable[study_pb2.ParameterSpec], values: Mapping[str, Value]
) -> list[trial_pb2.Parameter]:
    """Writes parameters of a user's own trial, typed by the study's spec.

    Raises ValueError for a name that the spec does not have.
    """
    domains: dict[str, list[str]] = {}
    for spec in _flat(specs):
        domains.setdefault(spec.name, []).append(spec.WhichOneof("domain") or "double")
    parameters = []
    for name, value in values.items():
        if name not in domains:
            raise ValueError(f"the study has no parameter {name!r}; it has {sorted(domains)}")
        parameters.append(
            trial_pb2.Parameter(name=name, value=value_to(value, _choose(domains[name], value)))
        )
    return parameters


def metric_values(values: Mapping[str, float]) -> list[measurement_pb2.MetricValue]:
    """Writes metrics. Whatever has a ``__float__`` will do: a scalar of numpy or torch too."""
    return [measurement_pb2.MetricValue(name=name, value=float(value)) for name, value in values.items()]


def metrics_from(measurement: measurement_pb2.Measurement) -> dict[str, float]:
    """Reads the metrics of a measurement."""
    return {each.name: each.value for each in measurement.metrics}


def duration_to(value: float | datetime.timedelta) -> Duration:
    """Writes a duration given in seconds or as a timedelta."""
    delta = value if isinstance(value, datetime.timedelta) else datetime.timedelta(seconds=value)
    result = Duration()
    result.FromTimedelta(delta)
    return result


def _flat(specs: Iterable[study_pb2.ParameterSpec]) -> Iterator[study_pb2.ParameterSpec]:
    for spec in specs:
        yield spec
        yield from _flat(child.parameter for child in spec.children)


def _choose(domains: Sequence[str], value: Value) -> str:
    # Branches that can not be active together may use one name with different domains: the value decides.
    preferred: tuple[str, ...]
    if isinstance(value, str):
        preferred = ("categorical",)
    elif isinstance(value, int):
        preferred = ("integer", "discrete", "double")
    else:
        preferred = ("double", "discrete", "integer")
    return next((each for each in preferred if each in domains), domains[0])
