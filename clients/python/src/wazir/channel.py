"""The connection to a server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc

from .credentials import Credentials, is_local
from .token import TokenSender

_OPTIONS: dict[str, Any] = {
    # grpc's own pauses between connection attempts grow to two minutes: too long
    # for a lease of one minute when the server restarts.
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.min_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 3000,
    # Notices a peer that has gone without a word while a stream is open.
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    # Two clients of one process must not share a connection that one of them closes.
    "grpc.use_local_subchannel_pool": 1,
    # Retries are ours: with the same request id, for much longer, and visible.
    "grpc.enable_retries": 0,
}


def open_channel(
    address: str,
    credentials: Credentials,
    options: Sequence[tuple[str, Any]],
) -> grpc.Channel:
    """Opens a channel to `host:port` or `unix:/path`; it connects at the first call."""
    own = dict(_OPTIONS)
    if is_local(address):
        # A proxy of the environment can not reach this machine's loopback, and must not see the token.
        own["grpc.enable_http_proxy"] = 0
    if credentials.server_name is not None:
        own["grpc.ssl_target_name_override"] = credentials.server_name
    merged = list({**own, **dict(options)}.items())
    secure = credentials.channel_credentials()
    if secure is None:
        channel = grpc.insecure_channel(address, merged)
    else:
        channel = grpc.secure_channel(address, secure, merged)
    if credentials.token is None:
        return channel
    return grpc.intercept_channel(channel, TokenSender(credentials.token))
