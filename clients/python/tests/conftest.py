from __future__ import annotations

from collections.abc import Iterator

import pytest

import wazir
from fake_server import FakeServer


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    server = FakeServer()
    yield server
    server.stop()


@pytest.fixture
def client(fake: FakeServer) -> Iterator[wazir.Client]:
    with wazir.connect(fake.address, call_timeout=20, retry_timeout=60) as client:
        yield client


@pytest.fixture
def study(client: wazir.Client) -> wazir.Study:
    return client.study("s")
