"""Tokens that say who is calling, and how they come to be sent."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import Callable, Protocol, TypeVar

import grpc

_Request = TypeVar("_Request")
_Result = TypeVar("_Result")


class Token(Protocol):
    """A token, from wherever. Safe to be used from several threads."""

    def current(self) -> str:
        """The token to send now."""

    def replaced(self, sent: str) -> bool:
        """Whether there is now another than the one that was sent; looks afresh."""


class FixedToken:
    """A token that never changes; `place` is where it was given."""

    def __init__(self, text: str, place: str) -> None:
        self._token = _checked(text, place)

    def current(self) -> str:
        return self._token

    def replaced(self, sent: str) -> bool:
        return False


class FileToken:
    """What a file has, read again when it changes. Raises where there is no token in it at first."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        self._version, self._token = self._read()

    def current(self) -> str:
        with self._lock:
            try:
                if self._stat() != self._version:
                    self._version, self._token = self._read()
            except (OSError, ValueError):
                pass  # Whoever replaces it may not do so at once: until then the token before stands.
            return self._token

    def replaced(self, sent: str) -> bool:
        with self._lock:
            try:
                self._version, self._token = self._read()
            except (OSError, ValueError):
                pass
            return self._token != sent

    def _read(self) -> tuple[tuple[int, int, int], str]:
        # The version first: what is written between the two is then read with the next call.
        version = self._stat()
        return version, _checked(self._path.read_text("latin-1"), str(self._path))

    def _stat(self) -> tuple[int, int, int]:
        found = self._path.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino


def _checked(text: str, place: str) -> str:
    token = text.strip()
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        # Never says what it is: messages end in logs.
        raise ValueError(f"{place}: expected one token, of printable ASCII without spaces")
    return token


class _Details(grpc.ClientCallDetails):
    """The details of a call, with one more entry of metadata."""

    def __init__(self, before: grpc.ClientCallDetails, key: str, value: str) -> None:
        self.method = before.method
        self.timeout = before.timeout
        self.metadata = (*(before.metadata or ()), (key, value))
        self.credentials = before.credentials
        self.wait_for_ready = getattr(before, "wait_for_ready", None)
        self.compression = getattr(before, "compression", None)


class TokenSender(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Sends the token with every call. Not call credentials: grpcio sends those over TLS alone."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def intercept_unary_unary(
        self,
        continuation: Callable[[grpc.ClientCallDetails, _Request], _Result],
        client_call_details: grpc.ClientCallDetails,
        request: _Request,
    ) -> _Result:
        return continuation(self._with_token(client_call_details), request)

    def intercept_stream_stream(
        self,
        continuation: Callable[[grpc.ClientCallDetails, _Request], _Result],
        client_call_details: grpc.ClientCallDetails,
        request_iterator: _Request,
    ) -> _Result:
        return continuation(self._with_token(client_call_details), request_iterator)

    # They differ in what they are called with, not in what they do.
    intercept_unary_stream = intercept_unary_unary
    intercept_stream_unary = intercept_stream_stream

    def _with_token(self, details: grpc.ClientCallDetails) -> grpc.ClientCallDetails:
        return _Details(details, "authorization", f"Bearer {self._token.current()}")
