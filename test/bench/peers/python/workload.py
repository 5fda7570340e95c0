"""The work of a trial, the same for all who are compared: see ../workload.ts."""

from __future__ import annotations

import math

#: Reports of a trial.
STEPS = 10

#: The steps after which a worker asks whether to go on.
RUNGS = (1, 3, 9)

#: Name, least and greatest value of the real parameters; the last two are searched by their logarithm.
REALS = (
    ("dropout", 0.0, 0.9),
    ("momentum", 0.0, 0.999),
    ("learning_rate", 1e-5, 1.0),
    ("weight_decay", 1e-6, 0.1),
)
LOGARITHMIC = ("learning_rate", "weight_decay")
LAYERS = (1, 12)
OPTIMIZERS = ("adam", "sgd", "lamb")


def value(number: int, step: int, parameters: dict[str, object]) -> float:
    """A learning curve, to be maximized; `number` is the trial's.

    Each trial is better than the ones before, so that whoever halves successively
    lets all of them go on: all do the same work.
    """
    assert len(parameters) == len(REALS) + 2
    return 1e-3 * number + 1 - math.exp(-step / 3)
