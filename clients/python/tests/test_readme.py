"""What the README shows works, and it leaves no public name out."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import wazir
from real_server import RealServer

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()


def test_its_job_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, create = re.findall(r"```python\n(import wazir.*?|client = .*?)```", README, re.DOTALL)
    server = RealServer(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    trained: list[Any] = []

    def build(parameters: dict[str, Any], checkpoint: str | None) -> dict[str, Any]:
        trained.append((set(parameters), checkpoint and Path(checkpoint).read_text()))
        return parameters

    names = {
        "wazir": wazir,
        "build": build,
        "train_one": lambda model: model["units"],
        "save": lambda model, path: Path(path).write_text("saved"),
    }
    try:
        for code in (create, job):
            exec(code.replace("localhost:8765", server.address), names)
    finally:
        server.stop()
    assert len(trained) > 100
    assert {checkpoint for _, checkpoint in trained} == {None, "saved"}
    base = {"learning_rate", "units", "optimizer"}
    assert all(names in (base, base | {"momentum"}) for names, _ in trained)


def test_it_tells_every_public_name() -> None:
    names = set(wazir.__all__) | {"connect"}
    for kind in (wazir.Client, wazir.Study, wazir.Trial):
        names |= {name for name, _ in inspect.getmembers(kind) if not name.startswith("_")}
    names -= {"told", "renew", "renewal_due"}  # For the connection.
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", README)] == []


def test_it_tells_every_argument() -> None:
    for function in (
        wazir.connect,
        wazir.Client.create_study,
        wazir.Study.trials,
        wazir.Trial.report,
        wazir.double,
        wazir.integer,
        wazir.categorical,
        wazir.discrete,
    ):
        for name in set(inspect.signature(function).parameters) - {"self"}:
            assert re.search(rf"\b{name}\b", README), f"{function.__name__}({name})"
