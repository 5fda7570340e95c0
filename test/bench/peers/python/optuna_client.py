"""Optuna by its gRPC storage proxy: https://optuna.org."""

from __future__ import annotations

from typing import Callable

import optuna
from meter import Meter
from workload import LAYERS, LOGARITHMIC, OPTIMIZERS, REALS, RUNGS, STEPS, value


def connect(address: str) -> Callable[[str], Callable[[Meter], bool]]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    host, port = address.rsplit(":", 1)
    storage = optuna.storages.GrpcStorageProxy(host=host, port=int(port))
    storage.wait_server_ready(timeout=60)
    study = optuna.create_study(
        storage=storage,
        study_name="bench",
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
        load_if_exists=True,
    )

    def suggest() -> optuna.Trial:
        trial = study.ask()
        for name, least, most in REALS:
            trial.suggest_float(name, least, most, log=name in LOGARITHMIC)
        trial.suggest_int("layers", *LAYERS)
        trial.suggest_categorical("optimizer", OPTIMIZERS)
        return trial

    def make_client(_name: str) -> Callable[[Meter], bool]:
        def one_trial(meter: Meter) -> bool:
            trial = meter.suggest(suggest)
            parameters = trial.params
            accuracy = 0.0
            for step in range(1, STEPS + 1):
                accuracy = value(trial.number, step, parameters)
                meter.report(trial.report, accuracy, step)
                if step in RUNGS and trial.should_prune():
                    study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                    return False
            study.tell(trial, accuracy)
            return True

        return one_trial

    return make_client
