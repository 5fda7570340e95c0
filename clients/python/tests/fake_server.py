"""A server out of the generated servicers that does what a test tells it to.

It decides nothing by itself: trials come from a list, directives from a function,
faults from a queue. What it was asked is kept for the test to look at.
"""

from __future__ import annotations

import queue
import re
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, NoReturn, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from door import Door
from wazir.v1 import measurement_pb2, study_pb2, trial_pb2
from wazir.v1.measurement_pb2_grpc import (
    MeasurementServiceServicer,
    add_MeasurementServiceServicer_to_server,
)
from wazir.v1.study_pb2_grpc import StudyServiceServicer, add_StudyServiceServicer_to_server
from wazir.v1.trial_pb2_grpc import TrialServiceServicer, add_TrialServiceServicer_to_server

STUDY = "owners/default/studies/s"
UID = "u1"

_Response = TypeVar("_Response", bound=Message)


def status(code: grpc.StatusCode, reason: str = "", message: str = "no") -> status_pb2.Status:
    """A refusal as the server words it."""
    result = status_pb2.Status(code=code.value[0], message=message)
    if reason:
        detail = AnyMessage()
        detail.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="wazir"))
        result.details.append(detail)
    return result


STALE = status(grpc.StatusCode.ABORTED, "STALE_ATTEMPT")
ENDED = status(grpc.StatusCode.FAILED_PRECONDITION, "TRIAL_ENDED")
#: As a reply: says nothing, and leaves the stream as it is.
SILENCE = status(grpc.StatusCode.OK)
AWAY = status(grpc.StatusCode.UNAVAILABLE, "COMMIT_OUTCOME_UNKNOWN")


def directive(kind: str, until: int = 0) -> measurement_pb2.Directive:
    """A directive by the name of its kind."""
    return measurement_pb2.Directive(kind=measurement_pb2.Directive.Kind.Value(f"KIND_{kind}"), until=until)


def offer(
    id: int,
    *,
    start: int = 0,
    target: int = 3,
    attempt: int = 1,
    checkpoint: measurement_pb2.Checkpoint | None = None,
    lease: float = 60,
) -> trial_pb2.Trial:
    """A trial as SuggestTrials hands it out."""
    value = trial_pb2.ParameterValue(double_value=0.5)
    return trial_pb2.Trial(
        name=f"{STUDY}/trials/{id}",
        id=id,
        state=trial_pb2.TRIAL_STATE_ACTIVE,
        parameters=[trial_pb2.Parameter(name="lr", value=value)],
        assignment=trial_pb2.Assignment(
            from_resource=start,
            to_resource=target,
            attempt=attempt,
            checkpoint=checkpoint,
            study_uid=UID,
            lease_duration=Duration(seconds=int(lease), nanos=int(lease % 1 * 1e9)),
        ),
        study_uid=UID,
    )


#: What is said to a report or a renewal.
Reply = Callable[
    [measurement_pb2.StreamMeasurementsRequest], "measurement_pb2.Directive | status_pb2.Status | None"
]


class FakeServer(StudyServiceServicer, TrialServiceServicer, MeasurementServiceServicer):
    """Starts at once, on a port of its own. Close it at the end."""

    def __init__(
        self,
        address: str = "127.0.0.1:0",
        credentials: grpc.ServerCredentials | None = None,
        door: Door | None = None,
    ) -> None:
        self._listen = address
        self._credentials = credentials
        self._interceptors: list[grpc.ServerInterceptor] = [] if door is None else [door]
        self.offers: deque[trial_pb2.Trial] = deque()
        #: None breaks the stream without an answer.
        self.reply: Reply = lambda request: (
            directive("COMPLETE") if request.measurement.step >= 3 else directive("CONTINUE", 3)
        )
        #: What the unary calls answer about a trial, by id, over what was offered.
        self.trials: dict[int, trial_pb2.Trial] = {}
        self.calls: list[tuple[str, Any]] = []
        self.streamed: list[measurement_pb2.StreamMeasurementsRequest] = []
        self.streams_opened = 0
        #: By method: refusals to send; ("after", …) once the call has had its effect.
        self.faults: defaultdict[str, deque[tuple[str, status_pb2.Status]]] = defaultdict(deque)
        #: What the methods answer, in turn, that the loop does not need.
        self.answers: defaultdict[str, deque[Message]] = defaultdict(deque)
        self._answered: dict[str, Message] = {}
        self._streams: list[queue.SimpleQueue[object]] = []
        self._changed = threading.Condition()
        self._server: grpc.Server | None = None
        self.port = 0
        self.start()

    @property
    def address(self) -> str:
        return re.sub(r":0$", f":{self.port}", self._listen)

    def start(self) -> None:
        """Starts, on the port of the time before if there was one."""
        self._server = grpc.server(
            ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)], interceptors=self._interceptors
        )
        add_StudyServiceServicer_to_server(self, self._server)
        add_TrialServiceServicer_to_server(self, self._server)
        add_MeasurementServiceServicer_to_server(self, self._server)
        address = re.sub(r":0$", f":{self.port}", self._listen)
        if self._credentials is None:
            self.port = self._server.add_insecure_port(address)
        else:
            self.port = self._server.add_secure_port(address, self._credentials)
        self._server.start()

    def stop(self) -> None:
        """Stops without a word to anybody."""
        with self._changed:
            for stream in self._streams:
                stream.put(None)
        assert self._server is not None
        self._server.stop(0).wait()

    def push(self, response: measurement_pb2.StreamMeasurementsResponse) -> None:
        """Says something unasked on every stream, once there is one."""
        self.wait_for(lambda: bool(self._streams))
        with self._changed:
            for stream in self._streams:
                stream.put(response)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Waits until what was asked so far fulfils a condition."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout=30), self.calls

    def asked(self, method: str) -> list[Any]:
        """The requests of a method."""
        return [request for name, request in self.calls if name == method]

    def reported(self) -> list[tuple[int, int]]:
        """(trial, step) of every report that arrived, repeated ones too."""
        return [
            (int(each.trial.rpartition("/")[2]), each.measurement.step)
            for each in self.streamed
            if each.HasField("measurement")
        ]

    # The services

    def SuggestTrials(self, request: Any, context: grpc.ServicerContext) -> Any:
        def effect() -> trial_pb2.SuggestTrialsResponse:
            if not self.offers:
                return trial_pb2.SuggestTrialsResponse(study_state=trial_pb2.STUDY_STATE_COMPLETED)
            offered = self.offers.popleft()
            active = trial_pb2.STUDY_STATE_ACTIVE
            if not offered.id:
                pause = Duration(nanos=1000)
                return trial_pb2.SuggestTrialsResponse(study_state=active, retry_after=pause)
            self.trials.setdefault(offered.id, offered)
            return trial_pb2.SuggestTrialsResponse(trials=[offered], study_state=active)

        return self._unary("SuggestTrials", request, context, effect)

    def CompleteTrial(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._about_trial("CompleteTrial", request, context)

    def ReleaseTrial(self, request: Any, context: grpc.ServicerContext) -> Any:
        def effect() -> trial_pb2.Trial:
            trial = trial_pb2.Trial()
            trial.CopyFrom(self._trial(request.name))
            if request.HasField("checkpoint"):
                trial.checkpoint.CopyFrom(request.checkpoint)
            return trial

        return self._unary("ReleaseTrial", request, context, effect)

    def GetTrial(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._about_trial("GetTrial", request, context)

    def RenewLease(self, request: Any, context: grpc.ServicerContext) -> Any:
        said = trial_pb2.RenewLeaseResponse(directive=directive("CONTINUE", 3))
        return self._unary("RenewLease", request, context, lambda: said)

    def ListTrials(self, request: Any, context: grpc.ServicerContext) -> Any:
        def effect() -> trial_pb2.ListTrialsResponse:
            chosen = [
                each for each in self.trials.values() if not request.states or each.state in request.states
            ]
            start = int(request.page_token or 0)
            token = str(start + 1) if start + 1 < len(chosen) else ""
            return trial_pb2.ListTrialsResponse(trials=chosen[start : start + 1], next_page_token=token)

        return self._unary("ListTrials", request, context, effect)

    def CreateStudy(self, request: Any, context: grpc.ServicerContext) -> Any:
        created = study_pb2.Study(name=f"{request.parent}/studies/{request.study_id}", uid=UID)
        return self._unary("CreateStudy", request, context, lambda: created)

    def DeleteStudy(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._unary("DeleteStudy", request, context, Empty)

    def GetStudy(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._canned("GetStudy", request, context)

    def ListStudies(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._canned("ListStudies", request, context)

    def UpdateStudy(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._canned("UpdateStudy", request, context)

    def ListOptimalTrials(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._canned("ListOptimalTrials", request, context)

    def ListAlgorithms(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._canned("ListAlgorithms", request, context)

    def WatchStudy(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._canned("WatchStudy", request, context)

    def CreateTrial(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._canned("CreateTrial", request, context)

    def StopTrial(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._canned("StopTrial", request, context)

    def DeleteTrial(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._canned("DeleteTrial", request, context)

    def UpdateMetadata(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._canned("UpdateMetadata", request, context)

    def ReportMeasurement(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._canned("ReportMeasurement", request, context)

    def ListMeasurements(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._canned("ListMeasurements", request, context)

    def StreamMeasurements(self, request_iterator: Any, context: grpc.ServicerContext) -> Any:
        out: queue.SimpleQueue[object] = queue.SimpleQueue()
        with self._changed:
            self.streams_opened += 1
            self._streams.append(out)
            self._changed.notify_all()
        threading.Thread(target=self._read, args=(request_iterator, out), daemon=True).start()
        try:
            while True:
                said = out.get()
                if said is None:
                    context.abort(grpc.StatusCode.UNAVAILABLE, "broken by the test")
                if said == "end":
                    return
                yield said
        finally:
            with self._changed:
                self._streams.remove(out)
                self._changed.notify_all()

    def _read(self, requests: Iterator[Any], out: queue.SimpleQueue[object]) -> None:
        try:
            for request in requests:
                with self._changed:
                    self.streamed.append(request)
                    said = self.reply(request)
                    self._changed.notify_all()
                if said is None:
                    out.put(None)
                    return
                if said is SILENCE:
                    continue
                response = measurement_pb2.StreamMeasurementsResponse(message_id=request.message_id)
                if isinstance(said, status_pb2.Status):
                    response.error.CopyFrom(said)
                else:
                    response.directive.CopyFrom(said)
                out.put(response)
        except Exception:
            pass  # grpcio ends the iterator of a broken stream with a bare Exception.
        out.put("end")

    def _about_trial(self, method: str, request: Any, context: grpc.ServicerContext) -> Any:
        return self._unary(method, request, context, lambda: self._trial(request.name))

    def _canned(self, method: str, request: Any, context: grpc.ServicerContext) -> Any:
        return self._unary(method, request, context, lambda: self.answers[method].popleft())

    def _trial(self, name: str) -> trial_pb2.Trial:
        return self.trials[int(name.rpartition("/")[2])]

    def _unary(
        self, method: str, request: Any, context: grpc.ServicerContext, effect: Callable[[], _Response]
    ) -> Message:
        with self._changed:
            self.calls.append((method, request))
            self._changed.notify_all()
            when, refusal = self.faults[method].popleft() if self.faults[method] else ("never", None)
            if when == "before":
                _abort(context, refusal)
            key = getattr(request, "request_id", "")
            if not key or key not in self._answered:
                answer: Message = effect()
                if key:
                    self._answered[key] = answer
            else:
                answer = self._answered[key]
        if when == "after":
            _abort(context, refusal)
        return answer


def _abort(context: grpc.ServicerContext, refusal: status_pb2.Status | None) -> NoReturn:
    assert refusal is not None
    code = next(each for each in grpc.StatusCode if each.value[0] == refusal.code)
    context.set_trailing_metadata((("grpc-status-details-bin", refusal.SerializeToString()),))
    context.abort(code, refusal.message)
    raise AssertionError("abort raises")
