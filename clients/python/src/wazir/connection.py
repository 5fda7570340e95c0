"""What a client shares among its studies and trials: one channel, one stream, one keeper of leases."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol

import grpc

from .channel import open_channel
from .credentials import Credentials
from .directive import Directive
from .errors import WazirError
from .leases import Leased, LeaseKeeper
from .retry import Caller
from .stream import MeasurementStream
from .v1 import trial_pb2
from .v1.measurement_pb2_grpc import MeasurementServiceStub
from .v1.study_pb2_grpc import StudyServiceStub
from .v1.trial_pb2_grpc import TrialServiceStub


class Held(Leased, Protocol):
    """A trial that this process holds, as the connection sees it."""

    @property
    def name(self) -> str:
        """Name of the trial."""

    @property
    def id(self) -> int:
        """Its number in the study."""

    @property
    def attempt(self) -> int:
        """The attempt under which it is held."""

    @property
    def client_id(self) -> str:
        """The client id under which it is held."""

    def told(self, directive: Directive | None, error: WazirError | None, asked: bool) -> None:
        """Takes a word of the server, on the stream's thread."""


class Connection:
    """Opens on first use. Not to be used on both sides of a fork."""

    def __init__(
        self,
        address: str,
        *,
        credentials: Credentials,
        channel_options: Sequence[tuple[str, Any]] = (),
        call_timeout: float = 30.0,
        retry_timeout: float = 600.0,
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._options = channel_options
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._held: dict[tuple[str, int], Held] = {}
        self.caller = Caller(call_timeout, retry_timeout, token=credentials.token)
        self.stream = MeasurementStream(
            lambda: self.measurements,
            self._told,
            answer_timeout=call_timeout,
            retry_timeout=retry_timeout,
            token=credentials.token,
        )
        self._keeper = LeaseKeeper()

    @property
    def channel(self) -> grpc.Channel:
        """The channel, for calls that this package has no method for."""
        with self._lock:
            if self._channel is None:
                self._channel = open_channel(self._address, self._credentials, self._options)
            return self._channel

    # Kept: to make a stub takes 33 µs of CPU, a call over it some 230.

    @cached_property
    def studies(self) -> StudyServiceStub:
        """Stub of StudyService."""
        return StudyServiceStub(self.channel)

    @cached_property
    def trials(self) -> TrialServiceStub:
        """Stub of TrialService."""
        return TrialServiceStub(self.channel)

    @cached_property
    def measurements(self) -> MeasurementServiceStub:
        """Stub of MeasurementService."""
        return MeasurementServiceStub(self.channel)

    def hold(self, trial: Held) -> None:
        """From now on keeps the trial's lease and passes on what the server says about it."""
        with self._lock:
            self._held[trial.name, trial.attempt] = trial
        self._keeper.add(trial)
        self.stream.keep_open(True)

    def drop(self, trial: Held) -> None:
        """The reverse of `hold`; may be called more than once."""
        with self._lock:
            self._held.pop((trial.name, trial.attempt), None)
            still = bool(self._held)
        self._keeper.remove(trial)
        self.stream.keep_open(still)

    def holding(self, study: str, client_id: str) -> list[trial_pb2.HeldTrial]:
        """The trials of a study that are held under a client id."""
        with self._lock:
            return [
                trial_pb2.HeldTrial(trial=trial.id, attempt=trial.attempt)
                for trial in self._held.values()
                if trial.client_id == client_id and trial.name.startswith(f"{study}/trials/")
            ]

    def close(self) -> None:
        """Ends the threads and the channel. Leases end on the server in their own time."""
        self._keeper.close()
        self.caller.close()
        self.stream.close()
        with self._lock:
            if self._channel is not None:
                self._channel.close()

    def _told(
        self,
        name: str,
        attempt: int,
        directive: Directive | None,
        error: WazirError | None,
        asked: bool,
    ) -> None:
        with self._lock:
            trial = self._held.get((name, attempt))
        if trial is not None:
            trial.told(directive, error, asked)
