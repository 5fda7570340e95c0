"""Counts the gRPC calls of this process, and the messages that it sends on streams."""

from __future__ import annotations

from collections import Counter
from typing import Any

import grpc


class _Count(grpc.UnaryUnaryClientInterceptor, grpc.StreamStreamClientInterceptor):
    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        self._counts[details.method.rsplit("/", 1)[1]] += 1
        return continuation(details, request)

    def intercept_stream_stream(self, continuation: Any, details: Any, requests: Any) -> Any:
        return continuation(details, self._counted(details.method.rsplit("/", 1)[1], requests))

    def _counted(self, method: str, requests: Any) -> Any:
        for request in requests:
            self._counts[method] += 1
            yield request


def count_traffic() -> Counter[str]:
    """Counts by method, on all channels that are opened from now on."""
    counts: Counter[str] = Counter()
    open_channel = grpc.insecure_channel

    def opened(*args: Any, **options: Any) -> grpc.Channel:
        return grpc.intercept_channel(open_channel(*args, **options), _Count(counts))

    grpc.insecure_channel = opened
    return counts
