"""A worker as a process of its own: trains a curve, keeps a ledger of what was acknowledged.

Each line of the ledger is written after the report was answered: trial, attempt,
step and value, as JSON. The checkpoint holds the step at which it was saved.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import wazir


def curve(trial: wazir.Trial, step: int) -> float:
    """What training the trial for `step` steps yields."""
    return float(trial.parameters["quality"] * (1 - 0.5**step))


def work(server: str, study: str, ledger: Path, checkpoints: str, pause: float, hang: bool) -> None:
    """Works until the study is complete; with `hang`, until its first report, and then never ends."""
    with ledger.open("a") as out, wazir.connect(server) as client:
        for trial in client.study(study).trials(checkpoint_dir=checkpoints):
            state = int(Path(trial.checkpoint_path).read_text()) if trial.checkpoint_path else 0
            assert state == trial.from_resource
            for step in trial.steps():
                assert step == state + 1
                time.sleep(pause)
                value = curve(trial, step)
                trial.report(step, accuracy=value)
                state = step
                if trial.lost:
                    break
                out.write(json.dumps([trial.id, trial.attempt, step, value]) + "\n")
                out.flush()
                while hang:
                    time.sleep(60)
            Path(trial.checkpoint_path_to_write).write_text(str(state))


if __name__ == "__main__":
    server, study, ledger, checkpoints, pause, hang = sys.argv[1:]
    work(server, study, Path(ledger), checkpoints, float(pause), hang == "hang")
