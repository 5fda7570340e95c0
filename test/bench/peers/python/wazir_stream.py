"""Wazir by its official client, which reports on a stream."""

from __future__ import annotations

from typing import Callable

from meter import Meter
from wazir_study import create_study
from workload import STEPS, value

import wazir


def connect(address: str) -> Callable[[str], Callable[[Meter], bool]]:
    study = create_study(wazir.connect(address))

    def make_client(name: str) -> Callable[[Meter], bool]:
        trials = study.trials(worker=name)

        def one_trial(meter: Meter) -> bool:
            trial = meter.suggest(next, trials)
            for step in trial.steps():
                accuracy = value(trial.id, step, trial.parameters)
                meter.report(trial.report, step, accuracy=accuracy)
                if step == STEPS:
                    trial.complete()
            return trial.last_step == STEPS

        return one_trial

    return make_client
