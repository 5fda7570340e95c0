"""What the server refuses, as exceptions.

One class a gRPC status code, with subclasses for the few reasons that a job may
want to tell apart. The facts come from the ``google.rpc`` details that the server
sends with every error (AIP-193).
"""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

_DETAILS_KEY = "grpc-status-details-bin"


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong with a request."""

    #: Path of the field in the request, such as ``study.spec.metrics[0].name``.
    field: str
    #: What is wrong, and what would be right.
    description: str


class WazirError(Exception):
    """A call that failed; the base of all errors of this package."""

    #: The gRPC status code.
    code: grpc.StatusCode = grpc.StatusCode.UNKNOWN
    #: What to do about it, where asking again does not help.
    hint: str = ""

    def __init__(
        self,
        message: str,
        *,
        code: grpc.StatusCode | None = None,
        reason: str = "",
        metadata: dict[str, str] | None = None,
        violations: tuple[Violation, ...] = (),
    ) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        #: What the server said, in words.
        self.message = message
        #: The stable name of the cause, such as ``STALE_ATTEMPT``; empty if none was given.
        self.reason = reason
        #: Facts for programs beside the reason.
        self.metadata = dict(metadata or {})
        #: What is wrong with which field.
        self.violations = violations

    def __str__(self) -> str:
        label = self.code.name if not self.reason else f"{self.code.name}, {self.reason}"
        return f"{self.message} ({label})" + (f": {self.hint}" if self.hint else "")


class InvalidArgument(WazirError):
    """The request is wrong; ``violations`` tells where."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class NotFound(WazirError):
    """There is no study or trial of that name."""

    code = grpc.StatusCode.NOT_FOUND


class StudyRecreated(NotFound):
    """The study was deleted, and its name now belongs to another."""


class AlreadyExists(WazirError):
    """The study is there already."""

    code = grpc.StatusCode.ALREADY_EXISTS


class MeasurementConflict(AlreadyExists):
    """The step has been reported before with another value of the metric."""


class FailedPrecondition(WazirError):
    """The study or trial is in a state that does not allow this."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class TrialEnded(FailedPrecondition):
    """The trial has ended."""


class Aborted(WazirError):
    """The call lost against another."""

    code = grpc.StatusCode.ABORTED


class StaleAttempt(Aborted):
    """The trial has been handed out anew since, or was given back."""


class ResourceExhausted(WazirError):
    """A limit of the server; the message names it."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class Unavailable(WazirError):
    """The server could not be reached, or could not say whether it wrote, for all of the retry time."""

    code = grpc.StatusCode.UNAVAILABLE


class DeadlineExceeded(WazirError):
    """No answer in time, for all of the retry time."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED


class Cancelled(WazirError):
    """The call was cancelled, as by closing the client."""

    code = grpc.StatusCode.CANCELLED


class Unauthenticated(WazirError):
    """Credentials are missing or wrong."""

    code = grpc.StatusCode.UNAUTHENTICATED
    hint = "connect with token=, token_file= or a certificate in tls=, or set WAZIR_TOKEN_FILE"


class PermissionDenied(WazirError):
    """The credentials do not allow this."""

    code = grpc.StatusCode.PERMISSION_DENIED
    hint = "whoever runs the server grants more in its access file"


class Unimplemented(WazirError):
    """This server does not know the call; it may be older than the client."""

    code = grpc.StatusCode.UNIMPLEMENTED


class Internal(WazirError):
    """A bug of the server."""

    code = grpc.StatusCode.INTERNAL


_BY_CODE: dict[grpc.StatusCode, type[WazirError]] = {
    kind.code: kind
    for kind in (
        InvalidArgument,
        NotFound,
        AlreadyExists,
        FailedPrecondition,
        Aborted,
        ResourceExhausted,
        Unavailable,
        DeadlineExceeded,
        Cancelled,
        Unauthenticated,
        PermissionDenied,
        Unimplemented,
        Internal,
    )
}

_BY_REASON: dict[str, type[WazirError]] = {
    "STUDY_RECREATED": StudyRecreated,
    "MEASUREMENT_CONFLICT": MeasurementConflict,
    "TRIAL_ENDED": TrialEnded,
    "STALE_ATTEMPT": StaleAttempt,
}

_CODE_BY_NUMBER: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def error_from_status(status: status_pb2.Status) -> WazirError:
    """The exception for a ``google.rpc.Status``, such as the one inside a stream's answer."""
    code = _CODE_BY_NUMBER.get(status.code, grpc.StatusCode.UNKNOWN)
    reason, metadata, violations = "", {}, []
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        bad_request = error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason, metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(bad_request):
            violations += [Violation(v.field, v.description) for v in bad_request.field_violations]
    kind = _BY_CODE.get(code, WazirError)
    narrower = _BY_REASON.get(reason, kind)
    # A reason never widens: an unforeseen pair of code and reason keeps the class of its code.
    chosen = narrower if issubclass(narrower, kind) else kind
    return chosen(status.message, code=code, reason=reason, metadata=metadata, violations=tuple(violations))


def error_from_rpc(error: grpc.RpcError) -> WazirError:
    """The exception for what grpcio raised, with that as its cause."""
    if not isinstance(error, grpc.Call):
        result = WazirError(str(error))
    else:
        status = status_pb2.Status(code=error.code().value[0], message=error.details() or "")
        for key, value in error.trailing_metadata() or ():
            if key == _DETAILS_KEY and isinstance(value, bytes):
                try:
                    status.details.extend(status_pb2.Status.FromString(value).details)
                except DecodeError:
                    pass  # Details are extra: code and message stand without them.
        result = error_from_status(status)
    result.__cause__ = error
    return result
