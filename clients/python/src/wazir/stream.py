"""The one stream on which a client sends its reports and renewals.

A background thread keeps the stream open while something waits for an answer or a
trial is held. When it breaks, the thread opens it again and sends all that has not
been answered once more, in the old order; the server knows a report by (trial,
attempt, step), so one that had arrived has no second effect.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterator
from typing import Callable, Optional

import grpc

from .directive import Directive, directive_from
from .errors import (
    Cancelled,
    DeadlineExceeded,
    Unavailable,
    WazirError,
    error_from_rpc,
    error_from_status,
)
from .retry import RETRIABLE, Backoff, was_replaced
from .token import Token
from .v1 import measurement_pb2 as pb
from .v1.measurement_pb2_grpc import MeasurementServiceStub

_log = logging.getLogger("wazir")

#: How gRPC reports some connections that broke, and bugs too: retried, but not for as long.
_BREAKS = (grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)
_MOST_BREAKS = 5


class Answer:
    """What becomes of one message on the stream."""

    def __init__(self, request: pb.StreamMeasurementsRequest) -> None:
        self.request = request
        self.directive: Directive | None = None
        self.error: WazirError | None = None
        self._done = threading.Event()

    @property
    def done(self) -> bool:
        """Whether the answer, good or bad, is there."""
        return self._done.is_set()

    def wait(self, seconds: float) -> bool:
        """Waits for the answer; False where there is none after `seconds`."""
        return self._done.wait(seconds)

    def settle(self) -> None:
        """Marks it as there."""
        self._done.set()


#: Told of each answer before whoever waits for it: (trial, attempt, directive or
#: None, error or None, whether it was asked for). Called on the stream's thread.
Listener = Callable[[str, int, Optional[Directive], Optional[WazirError], bool], None]


class MeasurementStream:
    """Sends messages and hands out their answers. `clock` in seconds."""

    def __init__(
        self,
        stub: Callable[[], MeasurementServiceStub],
        listener: Listener,
        *,
        answer_timeout: float,
        retry_timeout: float,
        token: Token | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stub = stub
        self._listener = listener
        self._answer_timeout = answer_timeout
        self._retry_timeout = retry_timeout
        self._token = token
        self._sent = ""
        self._clock = clock
        self._changed = threading.Condition()
        self._pending: dict[int, Answer] = {}
        self._last_id = 0
        self._wanted = False
        self._closed = False
        self._outbox: queue.SimpleQueue[pb.StreamMeasurementsRequest | None] | None = None
        self._call: grpc.Call | None = None
        self._given_up = False
        self._thread: threading.Thread | None = None
        self._backoff = Backoff()
        self._trouble_since: float | None = None
        self._breaks = 0

    def submit(self, request: pb.StreamMeasurementsRequest) -> Answer:
        """Sends a message, numbered here. The answer comes later."""
        with self._changed:
            if self._closed:
                raise Cancelled("the client was closed")
            self._last_id += 1
            request.message_id = self._last_id
            answer = Answer(request)
            self._pending[self._last_id] = answer
            if self._outbox is not None:
                self._outbox.put(request)
            self._start()
            self._changed.notify_all()
        return answer

    def keep_open(self, wanted: bool) -> None:
        """Whether to keep the stream open with nothing to send, to hear of directives that change."""
        with self._changed:
            self._wanted = wanted
            if wanted:
                self._start()
            self._changed.notify_all()

    def wait(self, answer: Answer) -> Directive:
        """Waits for an answer. Raises the :class:`WazirError` with which the message was refused.

        A stream that says nothing for the answer timeout is taken for dead and opened anew.
        """
        while not answer.wait(self._answer_timeout):
            with self._changed:
                call = None if answer.done else self._call
                if call is not None:
                    self._given_up = True
            if call is not None:
                call.cancel()
        if answer.error is not None:
            raise answer.error
        assert answer.directive is not None
        return answer.directive

    def close(self) -> None:
        """Ends the stream; what is unanswered fails with :class:`wazir.Cancelled`."""
        with self._changed:
            self._closed = True
            call = self._call
            self._changed.notify_all()
        if call is not None:
            call.cancel()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
        self._fail_all(Cancelled("the client was closed"))

    def _start(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="wazir-stream", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._pending or self._wanted)
                if self._closed:
                    return
                outbox: queue.SimpleQueue[pb.StreamMeasurementsRequest | None] = queue.SimpleQueue()
                for answer in self._pending.values():
                    outbox.put(answer.request)
                self._outbox = outbox
            failure = self._converse(outbox)
            with self._changed:
                self._outbox = None
                self._call = None
                if self._closed:
                    return
                if self._given_up:
                    self._given_up = False
                    failure = DeadlineExceeded("no answer on the stream")
            # Frees the thread of grpcio that waits for the next request of the dead stream.
            outbox.put(None)
            self._recover(failure)

    def _converse(self, outbox: queue.SimpleQueue[pb.StreamMeasurementsRequest | None]) -> WazirError:
        if self._token is not None:
            self._sent = self._token.current()
        try:
            call = self._stub().StreamMeasurements(_until_none(outbox))
            with self._changed:
                self._call = call
                if self._closed:
                    call.cancel()
            for response in call:
                failure = self._take(response)
                if failure is not None:
                    call.cancel()
                    return failure
        except grpc.RpcError as error:
            return error_from_rpc(error)
        except ValueError as error:
            # What grpcio raises on a channel that was closed meanwhile.
            return Cancelled(str(error))
        except Exception as error:
            # Whatever it is, those who wait for answers must not wait for a thread that is gone.
            _log.exception("the stream failed by a bug")
            return WazirError(f"{type(error).__name__}: {error}")
        return Unavailable("the server ended the stream")

    def _take(self, response: pb.StreamMeasurementsResponse) -> WazirError | None:
        if response.message_id == 0:
            self._listener(response.trial, response.attempt, directive_from(response.directive), None, False)
            return None
        error = error_from_status(response.error) if response.HasField("error") else None
        if isinstance(error, RETRIABLE):
            # The outcome of the write is unknown: the message stays, and goes out again
            # together with those behind it, so that the order holds.
            return error
        self._backoff.reset()
        self._trouble_since = None
        self._breaks = 0
        with self._changed:
            answer = self._pending.pop(response.message_id, None)
        if answer is not None:
            self._settle(answer, None if error else directive_from(response.directive), error)
        return None

    def _settle(self, answer: Answer, directive: Directive | None, error: WazirError | None) -> None:
        answer.directive = directive
        answer.error = error
        try:
            self._listener(answer.request.trial, answer.request.attempt, directive, error, True)
        finally:
            answer.settle()

    def _recover(self, failure: WazirError) -> None:
        now = self._clock()
        if self._trouble_since is None:
            self._trouble_since = now
        broke = failure.code in _BREAKS
        self._breaks += broke
        waits_on = (
            isinstance(failure, RETRIABLE)
            or (broke and self._breaks <= _MOST_BREAKS)
            or was_replaced(self._token, self._sent, failure)
        )
        if not waits_on or now - self._trouble_since >= self._retry_timeout:
            self._fail_all(failure)
            self._trouble_since = None
            self._breaks = 0
        else:
            _log.info("the stream broke, opening it again: %s", failure)
        with self._changed:
            self._changed.wait_for(lambda: self._closed, timeout=self._backoff.pause())

    def _fail_all(self, failure: WazirError) -> None:
        with self._changed:
            failed = list(self._pending.values())
            self._pending.clear()
        for answer in failed:
            self._settle(answer, None, failure)


def _until_none(
    outbox: queue.SimpleQueue[pb.StreamMeasurementsRequest | None],
) -> Iterator[pb.StreamMeasurementsRequest]:
    while True:
        request = outbox.get()
        if request is None:
            return
        yield request
