"""The study at Wazir's; also made by ../wazir-study.ts."""

from __future__ import annotations

from workload import LAYERS, LOGARITHMIC, OPTIMIZERS, REALS

import wazir


def create_study(client: wazir.Client) -> wazir.Study:
    return client.create_study(
        "bench",
        parameters=[
            *(wazir.double(name, least, most, log=name in LOGARITHMIC) for name, least, most in REALS),
            wazir.integer("layers", *LAYERS),
            wazir.categorical("optimizer", OPTIMIZERS),
        ],
        metrics={"accuracy": "maximize"},
        # More than the steps of a trial, so that it is the client that completes it, as with the others.
        resource=("step", 1, 27),
        sampler="random",
        scheduler=wazir.scheduler("asha_stopping", eta=3),
        exist_ok=True,
    )
