"""OSS Vizier by its official client: https://github.com/google/vizier."""

from __future__ import annotations

from typing import Callable

from meter import Meter
from vizier.service import clients
from vizier.service import pyvizier as vz
from workload import LAYERS, LOGARITHMIC, OPTIMIZERS, REALS, RUNGS, STEPS, value


def connect(address: str) -> Callable[[str], Callable[[Meter], bool]]:
    clients.environment_variables.server_endpoint = address
    clients.environment_variables.new_suggestion_polling_secs = 0.0
    config = vz.StudyConfig(algorithm="RANDOM_SEARCH")
    config.metric_information.append(vz.MetricInformation("accuracy", goal=vz.ObjectiveMetricGoal.MAXIMIZE))
    config.automated_stopping_config = vz.AutomatedStoppingConfig.default_stopping_spec()
    root = config.search_space.root
    for name, least, most in REALS:
        scale = vz.ScaleType.LOG if name in LOGARITHMIC else vz.ScaleType.LINEAR
        root.add_float_param(name, least, most, scale_type=scale)
    root.add_int_param("layers", *LAYERS)
    root.add_categorical_param("optimizer", OPTIMIZERS)
    study = clients.Study.from_study_config(config, owner="bench", study_id="bench")

    def make_client(name: str) -> Callable[[Meter], bool]:
        def trial(meter: Meter) -> bool:
            (suggestion,) = meter.suggest(study.suggest, count=1, client_id=name)
            parameters = suggestion.parameters
            for step in range(1, STEPS + 1):
                accuracy = value(suggestion.id, step, parameters)
                measurement = vz.Measurement({"accuracy": accuracy}, steps=step)
                meter.report(suggestion.add_measurement, measurement)
                if step in RUNGS:
                    # Vizier's only policy here stops at random: asked, and not obeyed.
                    suggestion.check_early_stopping()
            suggestion.complete()
            return True

        return trial

    return make_client
