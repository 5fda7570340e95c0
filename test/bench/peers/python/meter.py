"""What one client measures."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, Callable, TypeVar

_T = TypeVar("_T")

#: Buckets of a histogram to a factor of ten: each is 2.3 % wide.
RESOLUTION = 100


class Meter:
    """Counts whole trials and times calls, in seconds."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.trials = 0
        self.suggests: list[float] = []
        self.reports: list[float] = []

    def suggest(self, call: Callable[..., _T], *arguments: Any, **named: Any) -> _T:
        start = time.perf_counter()
        result = call(*arguments, **named)
        self.suggests.append(time.perf_counter() - start)
        return result

    def report(self, call: Callable[..., _T], *arguments: Any, **named: Any) -> _T:
        start = time.perf_counter()
        result = call(*arguments, **named)
        self.reports.append(time.perf_counter() - start)
        return result


def histogram(lists: Iterable[list[float]]) -> dict[int, int]:
    """How many fall into each bucket; a bucket's number is RESOLUTION times the logarithm of microseconds."""
    return Counter(round(RESOLUTION * math.log10(each * 1e6)) for one in lists for each in one)
