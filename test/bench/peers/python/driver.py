"""Runs some clients, each a thread that does one whole trial after the other.

    python driver.py CONTENDER '{"address": …, "clients": 2, "first": 0}'

CONTENDER names a module here whose `connect(address)` returns a function that makes
a client of its name: a function that does one trial, and tells whether it was a
whole one. Says "ready" once all are connected, takes {"warmUp", "seconds"} from its
standard input, says every second how many whole trials there have been, and in the
end, which SIGTERM brings about early, all that it has measured.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from typing import Any, Callable

from meter import Meter, histogram

Client = Callable[[Meter], bool]


def connect(contender: str, options: dict[str, Any]) -> list[Client]:
    make_client = importlib.import_module(contender).connect(options["address"])
    return [make_client(f"client-{options['first'] + i}") for i in range(options["clients"])]


def say(**said: Any) -> None:
    print(json.dumps(said), flush=True)


def work(client: Client, meter: Meter) -> None:
    """Does trials for ever. One that breaks ends the process: its figures would mean nothing."""
    try:
        while True:
            meter.trials += client(meter)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def main(contender: str, options: dict[str, Any]) -> None:
    clients = connect(contender, options)
    say(ready=True)
    pace = json.loads(sys.stdin.readline())
    meters = [Meter() for _ in clients]
    for client, meter in zip(clients, meters):
        threading.Thread(target=work, args=(client, meter), daemon=True).start()
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    stopped.wait(pace["warmUp"])
    before = sum(meter.trials for meter in meters)
    for meter in meters:
        meter.reset()
    start = time.perf_counter()
    end = start + pace["seconds"]
    while (left := end - time.perf_counter()) > 0 and not stopped.wait(min(1.0, left)):
        say(far=sum(meter.trials for meter in meters))
    trials = sum(meter.trials for meter in meters)
    say(
        trials=trials,
        before=before,
        seconds=time.perf_counter() - start,
        suggest=histogram(meter.suggests for meter in meters),
        report=histogram(meter.reports for meter in meters),
    )
    # Stays until it is not wanted, so that what it used can be read; what its clients are in
    # the middle of then is nobody's concern.
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
