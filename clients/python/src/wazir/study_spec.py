"""Builder of a study's spec out of plain arguments."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, Union

from google.protobuf.message import Message

from .v1 import study_pb2 as pb
from .values import duration_to

#: Seconds, or a timedelta.
Seconds = Union[float, datetime.timedelta]

_Spec = TypeVar("_Spec", pb.SamplerSpec, pb.SchedulerSpec)

_GOALS = {"maximize": pb.METRIC_GOAL_MAXIMIZE, "minimize": pb.METRIC_GOAL_MINIMIZE}
_SELECTIONS = {"last": pb.MEASUREMENT_SELECTION_LAST, "best": pb.MEASUREMENT_SELECTION_BEST}


def sampler(name: str, **settings: Any) -> pb.SamplerSpec:
    """Where points come from: the name of a field of SamplerSpec, with its settings.

    ``sampler("sobol")``, ``sampler("grid", shuffle=True)``.
    """
    return _algorithm(pb.SamplerSpec(), name, settings)


def scheduler(name: str, **settings: Any) -> pb.SchedulerSpec:
    """How far each trial is trained: the name of a field of SchedulerSpec, with its settings.

    ``scheduler("asha", eta=4)``, ``scheduler("hyperband", rounds=0)``.
    """
    return _algorithm(pb.SchedulerSpec(), name, settings)


def study_spec(
    parameters: Iterable[pb.ParameterSpec],
    metrics: Mapping[str, str],
    *,
    resource: tuple[str, int, int] | None = None,
    sampler: str | pb.SamplerSpec | None = None,
    scheduler: str | pb.SchedulerSpec | None = None,
    max_trials: int = 0,
    max_total_resource: int = 0,
    max_parallel_trials: int = 0,
    max_consecutive_infeasible: int = 0,
    max_attempts: int = 0,
    max_duration: Seconds | None = None,
    max_time_without_progress: Seconds | None = None,
    lease_duration: Seconds | None = None,
    measurement_selection: str | None = None,
    seed: int | None = None,
) -> pb.StudySpec:
    """What is searched, and how. The arguments are those of :meth:`wazir.Client.create_study`."""
    spec = pb.StudySpec(
        parameters=list(parameters),
        metrics=[
            pb.MetricSpec(name=name, goal=_one_of(_GOALS, goal, f"goal of metric {name!r}"))
            for name, goal in metrics.items()
        ],
        limits=pb.StudyLimits(
            max_trials=max_trials,
            max_total_resource=max_total_resource,
            max_parallel_trials=max_parallel_trials,
            max_consecutive_infeasible=max_consecutive_infeasible,
            max_attempts=max_attempts,
        ),
    )
    if resource is not None:
        name, least, most = resource
        spec.resource.CopyFrom(pb.ResourceSpec(name=name, min=least, max=most))
    if sampler is not None:
        chosen = _algorithm(pb.SamplerSpec(), sampler, {}) if isinstance(sampler, str) else sampler
        spec.sampler.CopyFrom(chosen)
    if scheduler is not None:
        plan = _algorithm(pb.SchedulerSpec(), scheduler, {}) if isinstance(scheduler, str) else scheduler
        spec.scheduler.CopyFrom(plan)
    if max_duration is not None:
        spec.limits.max_duration.CopyFrom(duration_to(max_duration))
    if max_time_without_progress is not None:
        spec.limits.max_time_without_progress.CopyFrom(duration_to(max_time_without_progress))
    if lease_duration is not None:
        spec.lease_duration.CopyFrom(duration_to(lease_duration))
    if measurement_selection is not None:
        spec.measurement_selection = _one_of(_SELECTIONS, measurement_selection, "measurement_selection")
    if seed is not None:
        spec.seed = seed
    return spec


def _algorithm(spec: _Spec, name: str, settings: Mapping[str, Any]) -> _Spec:
    # By name, not by one function each: an algorithm that the contract gains later needs no line here.
    known: list[str] = [field.name for field in spec.DESCRIPTOR.oneofs_by_name["kind"].fields]
    if name not in known:
        raise ValueError(f"unknown algorithm {name!r}; this client knows {', '.join(known)}")
    chosen: Message = getattr(spec, name)
    chosen.SetInParent()
    try:
        chosen.MergeFrom(type(chosen)(**settings))
    except ValueError as error:
        raise ValueError(f"settings of {name!r}: {error}") from error
    return spec


_Enum = TypeVar("_Enum")


def _one_of(choices: Mapping[str, _Enum], value: str, what: str) -> _Enum:
    if value not in choices:
        raise ValueError(f"{what} must be one of {', '.join(choices)}, not {value!r}")
    return choices[value]
