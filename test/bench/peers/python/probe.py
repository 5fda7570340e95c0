"""Does a few trials one after the other and says what calls they take.

    python probe.py CONTENDER '{"address": …, "clients": 1, "first": 0}'

Says "ready" after a first trial, so that connecting and the creation of the study do
not count; begins at a line of its standard input.
"""

from __future__ import annotations

import json
import os
import sys

from driver import connect, say
from meter import Meter
from traffic import count_traffic

TRIALS = 20


def main(contender: str, options: dict[str, object]) -> None:
    counts = count_traffic()
    (client,) = connect(contender, options)
    meter = Meter()
    client(meter)
    say(ready=True)
    sys.stdin.readline()
    counts.clear()
    for _ in range(TRIALS):
        if not client(meter):
            raise RuntimeError("a trial of a client that is alone was stopped")
    say(trials=TRIALS, calls=counts)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
