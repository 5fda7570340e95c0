"""Builders of a search space: each returns a message of the contract.

What is not allowed, such as a logarithmic range that starts at 0, is told by the
server when the study is created (:class:`wazir.InvalidArgument`, with the path of
the field).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .v1 import study_pb2 as pb
from .values import Value, value_to

#: Conditional parameters by value, or tuple of values, of their parent. The key is Any
#: since a mapping is invariant in it: a `dict[str, ...]` would be none of unions.
Children = Mapping[Any, Sequence[pb.ParameterSpec]]


def double(
    name: str,
    min: float,
    max: float,
    *,
    log: bool = False,
    reverse_log: bool = False,
    default: float | None = None,
    grid_points: int = 0,
) -> pb.ParameterSpec:
    """Real numbers from `min` to `max`, both included.

    `log` draws evenly in the logarithm, more near `min`; `reverse_log` mirrors that.
    `grid_points` is for the grid sampler.
    """
    spec = pb.ParameterSpec(name=name, double=pb.DoubleDomain(min=min, max=max), grid_points=grid_points)
    return _finish(spec, log, reverse_log, default, None)


def integer(
    name: str,
    min: int,
    max: int,
    *,
    log: bool = False,
    reverse_log: bool = False,
    default: int | None = None,
    children: Children | None = None,
) -> pb.ParameterSpec:
    """Whole numbers from `min` to `max`, both included."""
    spec = pb.ParameterSpec(name=name, integer=pb.IntegerDomain(min=min, max=max))
    return _finish(spec, log, reverse_log, default, children)


def categorical(
    name: str,
    values: Sequence[str],
    *,
    default: str | None = None,
    children: Children | None = None,
) -> pb.ParameterSpec:
    """Names without an order.

    `children` are parameters that exist only for some of the values::

        categorical("optimizer", ["sgd", "adam"], children={"sgd": [double("momentum", 0, 0.99)]})
    """
    spec = pb.ParameterSpec(name=name, categorical=pb.CategoricalDomain(values=values))
    return _finish(spec, False, False, default, children)


def discrete(
    name: str,
    values: Sequence[float],
    *,
    log: bool = False,
    reverse_log: bool = False,
    default: float | None = None,
    children: Children | None = None,
) -> pb.ParameterSpec:
    """Listed numbers."""
    spec = pb.ParameterSpec(name=name, discrete=pb.DiscreteDomain(values=values))
    return _finish(spec, log, reverse_log, default, children)


def _finish(
    spec: pb.ParameterSpec,
    log: bool,
    reverse_log: bool,
    default: Value | None,
    children: Children | None,
) -> pb.ParameterSpec:
    if log and reverse_log:
        raise ValueError(f"parameter {spec.name!r}: a scale is log or reverse_log, not both")
    if log:
        spec.scale = pb.PARAMETER_SCALE_LOG
    elif reverse_log:
        spec.scale = pb.PARAMETER_SCALE_REVERSE_LOG
    domain = spec.WhichOneof("domain") or ""
    if default is not None:
        spec.default_value.CopyFrom(value_to(default, domain))
    for parents, parameters in (children or {}).items():
        values = parents if isinstance(parents, tuple) else (parents,)
        for parameter in parameters:
            spec.children.add(
                parent_values=[value_to(value, domain) for value in values], parameter=parameter
            )
    return spec
