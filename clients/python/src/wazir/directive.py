"""What the server tells a job to do next."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .v1 import measurement_pb2 as pb


class DirectiveKind(enum.Enum):
    """The four choices."""

    #: Train on, to ``until``.
    CONTINUE = pb.Directive.KIND_CONTINUE
    #: Stop and keep a checkpoint: the trial may go on later, here or elsewhere.
    PAUSE = pb.Directive.KIND_PAUSE
    #: Stop: the trial has ended, its checkpoint is of no use.
    STOP = pb.Directive.KIND_STOP
    #: Stop: the trial has reached all that it was to reach.
    COMPLETE = pb.Directive.KIND_COMPLETE


@dataclass(frozen=True)
class Directive:
    """What to do next."""

    #: The choice.
    kind: DirectiveKind
    #: With CONTINUE, the step up to which to train; 0 where the study has no resource.
    until: int = 0

    @property
    def stop(self) -> bool:
        """Whether training has to end now, for whatever reason."""
        return self.kind is not DirectiveKind.CONTINUE


def directive_from(message: pb.Directive) -> Directive:
    """Reads a directive. One of a kind that this client does not know goes on: the server repeats itself."""
    if message.kind in (kind.value for kind in DirectiveKind):
        return Directive(DirectiveKind(message.kind), message.until)
    return Directive(DirectiveKind.CONTINUE, message.until)
