"""Workers and server as processes, some of which are killed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import wazir
from real_server import ROOT, RealServer

HERE = Path(__file__).resolve().parent
ENDED = {wazir.TrialState.SUCCEEDED, wazir.TrialState.STOPPED}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    server = RealServer(tmp_path / "data")
    yield server
    server.stop()


@pytest.fixture
def client(server: RealServer) -> Iterator[wazir.Client]:
    with wazir.connect(server.address) as client:
        yield client


def create(client: wazir.Client, *, resource: tuple[int, int], trials: int, lease: float) -> wazir.Study:
    return client.create_study(
        "s",
        [wazir.double("quality", 0, 1)],
        {"accuracy": "maximize"},
        resource=("epoch", *resource),
        scheduler=wazir.scheduler("asha", eta=3),
        max_trials=trials,
        lease_duration=lease,
        seed=1,
    )


class Workers:
    """Worker processes with a folder for their ledgers and checkpoints."""

    def __init__(self, address: str, folder: Path) -> None:
        self._address = address
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, *, pause: float = 0.0, hang: bool = False) -> subprocess.Popen[bytes]:
        ledger = self._folder / f"ledger-{len(self._started)}"
        checkpoints = self._folder / "checkpoints"
        script = [sys.executable, str(HERE / "worker.py"), self._address, "s", str(ledger), str(checkpoints)]
        process = subprocess.Popen([*script, str(pause), "hang" if hang else "work"])
        self._started.append(process)
        return process

    def acknowledged(self) -> list[tuple[int, int, int, float]]:
        """(trial, attempt, step, value) of every acknowledged report so far."""
        lines = [
            line
            for ledger in sorted(self._folder.glob("ledger-*"))
            # A killed worker may have written half a line.
            for line in ledger.read_text().splitlines(keepends=True)
            if line.endswith("\n")
        ]
        return [(id, attempt, step, value) for id, attempt, step, value in map(json.loads, lines)]

    def wait_for_reports(self, number: int) -> None:
        """Waits until so many reports have been acknowledged."""
        give_up = time.monotonic() + 120
        while len(self.acknowledged()) < number:
            assert time.monotonic() < give_up, "the workers do not get on"
            time.sleep(0.01)

    def join(self) -> list[int]:
        """Waits for all, and tells how they ended."""
        return [process.wait(timeout=180) for process in self._started]

    def kill(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def workers(server: RealServer, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(server.address, tmp_path)
    yield workers
    workers.kill()


def assert_all_there(study: wazir.Study, workers: Workers) -> None:
    """Every acknowledged report is listed, under its attempt and with its value."""
    acknowledged = workers.acknowledged()
    assert acknowledged
    listed = {
        (trial, each.attempt, each.step): each.metrics["accuracy"]
        for trial in {id for id, *_ in acknowledged}
        for each in study.measurements(trial, superseded=True)
    }
    for trial, attempt, step, value in acknowledged:
        assert listed[trial, attempt, step] == value


def test_a_killed_workers_trial_is_finished_by_another(
    client: wazir.Client, workers: Workers, tmp_path: Path
) -> None:
    study = create(client, resource=(3, 9), trials=12, lease=2)
    victim = workers.start(hang=True)
    workers.wait_for_reports(1)
    ((lost, attempt, _, _),) = workers.acknowledged()
    for _ in range(3):
        workers.start()
    victim.kill()
    assert workers.join() == [-9, 0, 0, 0]

    record = study.get()
    assert record.state is wazir.StudyState.COMPLETED
    assert record.message.progress.reassigned >= 1
    trials = list(study.list_trials())
    assert len(trials) == 12 and {each.state for each in trials} == ENDED
    taken = study.trial(lost)
    assert attempt == 1 and taken.attempts >= 2 and taken.message.expiries >= 1
    # The victim's one step was trained again, by somebody else.
    (first, *_) = study.measurements(lost)
    assert first.step == 1 and first.attempt > attempt
    best = study.best()
    assert best is not None and best.last_step == 9
    assert best.metrics["accuracy"] == max(each.metrics["accuracy"] for each in trials)
    assert_all_there(study, workers)
    # What lies there still are the models that were trained to the end.
    kept = {int(path.name.partition("-")[0]) for path in (tmp_path / "checkpoints").glob("*/*")}
    assert kept == {each.id for each in trials if each.state is wazir.TrialState.SUCCEEDED}


def test_a_killed_server_loses_nothing_that_it_acknowledged(
    server: RealServer, client: wazir.Client, workers: Workers
) -> None:
    study = create(client, resource=(1, 27), trials=30, lease=30)
    for _ in range(4):
        workers.start(pause=0.005)
    for reports in (20, 50):
        workers.wait_for_reports(reports)
        server.kill()
        server.start()
    assert workers.join() == [0, 0, 0, 0]
    assert study.get().state is wazir.StudyState.COMPLETED
    trials = list(study.list_trials())
    assert len(trials) == 30 and {each.state for each in trials} == ENDED
    # Nobody lost a trial by the restarts: a retried report is the same report.
    assert {each.attempts for each in trials if each.last_step == 1} == {1}
    assert study.get().message.progress.reassigned == 0
    assert_all_there(study, workers)


def test_the_example_learns_digits(server: RealServer, tmp_path: Path) -> None:
    example = ROOT / "clients" / "python" / "examples" / "digits.py"
    done = subprocess.run(
        [sys.executable, str(example), "--server", server.address, "--max-trials", "16"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = re.search(r"best accuracy ([0-9.]+), trial", done.stdout)
    assert found is not None, done.stdout
    assert float(found[1]) > 0.9
