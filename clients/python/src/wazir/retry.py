"""Unary calls that outlive a restart of the server."""

from __future__ import annotations

import random
import threading
import time
from typing import Callable, TypeVar

import grpc
from google.protobuf.message import Message

from .errors import Cancelled, DeadlineExceeded, Unauthenticated, Unavailable, WazirError, error_from_rpc
from .token import Token

_Request = TypeVar("_Request", bound=Message)
_Response = TypeVar("_Response", bound=Message)

#: Errors after which the same request may be sent again: it carries a request id,
#: or is idempotent by itself, so that a first one that did arrive has no second effect.
RETRIABLE = (Unavailable, DeadlineExceeded)


class Backoff:
    """Growing pauses between tries, in seconds, with jitter so that workers do not come back in step."""

    def __init__(self, first: float = 0.1, most: float = 5.0) -> None:
        self._first = first
        self._most = most
        self._next = first

    def reset(self) -> None:
        """Starts over, after a success."""
        self._next = self._first

    def pause(self) -> float:
        """The next pause."""
        pause = self._next * random.uniform(0.5, 1.0)
        self._next = min(self._next * 2, self._most)
        return pause


class Caller:
    """Makes unary calls, again and again while the server is away.

    `call_timeout` bounds one try, `retry_timeout` the time from the first failure
    to giving up; both in seconds.
    """

    def __init__(
        self,
        call_timeout: float,
        retry_timeout: float,
        *,
        token: Token | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._token = token
        self._call_timeout = call_timeout
        self._retry_timeout = retry_timeout
        self._clock = clock
        self._closed = threading.Event()

    def call(
        self,
        method: Callable[..., _Response],
        request: _Request,
        *,
        timeout: float | None = None,
        retry_timeout: float | None = None,
    ) -> _Response:
        """Calls `method` with `request`, the same on every try.

        Raises the :class:`WazirError` of the last try.
        """
        backoff = Backoff()
        give_up: float | None = None
        while True:
            sent = "" if self._token is None else self._token.current()
            try:
                return method(request, timeout=self._call_timeout if timeout is None else timeout)
            except grpc.RpcError as error:
                failure = error_from_rpc(error)
            except ValueError as error:
                # What grpcio raises on a channel that was closed meanwhile.
                if not self._closed.is_set():
                    raise
                failure = Cancelled("the client was closed")
                failure.__cause__ = error
            if was_replaced(self._token, sent, failure):
                continue
            now = self._clock()
            if give_up is None:
                give_up = now + (self._retry_timeout if retry_timeout is None else retry_timeout)
            if not isinstance(failure, RETRIABLE) or now >= give_up:
                raise failure
            self.sleep(min(backoff.pause(), max(give_up - now, 0.0)))

    def sleep(self, seconds: float) -> None:
        """Sleeps, unless the client is closed meanwhile: then raises :class:`wazir.Cancelled`."""
        if self._closed.wait(seconds):
            raise Cancelled("the client was closed")

    def close(self) -> None:
        """Ends every pause between tries."""
        self._closed.set()


def was_replaced(token: Token | None, sent: str, failure: WazirError) -> bool:
    """Whether a refusal was of a token in whose place there is another by now: then it is none yet."""
    return token is not None and isinstance(failure, Unauthenticated) and token.replaced(sent)


def is_outage(error: BaseException) -> bool:
    """Whether an error says that the server was away, not that it refused."""
    return isinstance(error, WazirError) and isinstance(error, (*RETRIABLE, Cancelled))
