"""How an attempt stands with the server, from all that it has said so far."""

from __future__ import annotations

import logging
import threading

from .directive import Directive, DirectiveKind
from .errors import NotFound, StaleAttempt, TrialEnded, WazirError

_log = logging.getLogger("wazir")

#: What calls about a trial raise that is out of our hands: not a fault of the job.
OUT_OF_HANDS = (StaleAttempt, NotFound, TrialEnded)

_STOP = Directive(DirectiveKind.STOP)


class Standing:
    """Answers, renewals and unasked words end up here, from the stream's thread and the worker's."""

    def __init__(self, name: str, target: int) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._lost = False
        self._directive = Directive(DirectiveKind.CONTINUE, target)
        self._target = target

    @property
    def lost(self) -> bool:
        """Whether somebody else has the trial now, or it is gone."""
        with self._lock:
            return self._lost

    @property
    def directive(self) -> Directive:
        """What was last said. STOP where the trial is lost."""
        with self._lock:
            return _STOP if self._lost else self._directive

    @property
    def ended(self) -> bool:
        """Whether the server has ended the trial, or it is lost: no further word of it counts."""
        return self.directive.kind in (DirectiveKind.STOP, DirectiveKind.COMPLETE)

    @property
    def target(self) -> int:
        """The step to train to; 0 without a resource."""
        with self._lock:
            return self._target

    def take(self, directive: Directive | None, error: WazirError | None) -> None:
        """Takes a word of the server."""
        with self._lock:
            if isinstance(error, TrialEnded):
                directive = _STOP
            elif isinstance(error, OUT_OF_HANDS) and not self._lost:
                self._lost = True
                _log.warning("%s is no longer ours, its steps end here: %s", self._name, error)
            if directive is None or self._directive.kind in (DirectiveKind.STOP, DirectiveKind.COMPLETE):
                return
            # Once told to end it stays so: answers to go on belong to what was sent before.
            if directive.stop or not self._directive.stop:
                self._directive = directive
                if directive.until:
                    self._target = directive.until
