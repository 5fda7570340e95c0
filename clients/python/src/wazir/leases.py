"""Keeps the leases of the trials that this process holds."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import Callable, Protocol

_log = logging.getLogger("wazir")


class Leased(Protocol):
    """What the keeper needs to know of a trial."""

    def renewal_due(self) -> float:
        """When the lease should next be renewed, on the keeper's clock."""

    def renew(self) -> None:
        """Renews it, without waiting for the answer."""


class LeaseKeeper:
    """Renews leases in the background, on a thread that runs only while something is held.

    Where the code of the job holds Python's global lock for longer than a lease
    lasts, no thread can help: give the study a longer `lease_duration`.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._held: list[Leased] = []
        self._thread: threading.Thread | None = None
        self._closed = False
        # Counts what the thread must not sleep through.
        self._version = 0
        # Until when it sleeps, on the clock; while it is awake it may miss anything.
        self._until = math.inf

    def add(self, lease: Leased) -> None:
        """Keeps a lease from now on."""
        with self._changed:
            self._held.append(lease)
            # To wake the thread for each trial cost 2 % of the CPU of one with ten reports, and 1 ms
            # of the next suggestion where eight processes share a core.
            if lease.renewal_due() < self._until:
                self._version += 1
                self._changed.notify_all()
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="wazir-leases", daemon=True)
                self._thread.start()

    def remove(self, lease: Leased) -> None:
        """Keeps a lease no longer."""
        with self._changed:
            self._held = [each for each in self._held if each is not lease]

    def renew_due(self) -> float | None:
        """Renews what is due; tells the seconds until the next, None where nothing is held."""
        with self._changed:
            held = list(self._held)
        for lease in held:
            if lease.renewal_due() <= self._clock():
                lease.renew()
        if not held:
            return None
        return max(min(lease.renewal_due() for lease in held) - self._clock(), 0.0)

    def close(self) -> None:
        """Keeps nothing any longer."""
        with self._changed:
            self._closed = True
            self._held = []
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                seen = self._version
            try:
                pause = self.renew_due()
            except Exception:
                # The thread must outlive a bug or a closing stream: without it leases expire unseen.
                _log.exception("renewing leases failed")
                pause = 1.0
            self._sleep(seen, pause)

    def _sleep(self, seen: int, pause: float | None) -> None:
        with self._changed:
            # Reports and removals only put renewals off, so the worst that can happen is to wake early.
            if pause is not None:
                pause = max(pause, 0.01)
                self._until = self._clock() + pause
            self._changed.wait_for(lambda: self._closed or self._version != seen, timeout=pause)
            self._until = math.inf
