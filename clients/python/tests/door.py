"""Lets calls in by their token, as the server does."""

from __future__ import annotations

from typing import Any, Callable, NoReturn, Optional

import grpc


class Door(grpc.ServerInterceptor):
    """Everybody is let in while there are no tokens."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = set(tokens)
        #: What was sent as `authorization` with each call: (last part of the method, value).
        self.shown: list[tuple[str, str | None]] = []
        #: Called when somebody is not let in, before they hear of it.
        self.on_refusal: Optional[Callable[[], object]] = None
        self.code = grpc.StatusCode.UNAUTHENTICATED

    def tokens_shown(self) -> list[str | None]:
        """What was sent since this was asked last."""
        shown = [value for _, value in self.shown]
        self.shown.clear()
        return shown

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Any],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        value = dict(handler_call_details.invocation_metadata or ()).get("authorization")
        authorization = value.decode() if isinstance(value, bytes) else value
        self.shown.append((handler_call_details.method.rpartition("/")[2], authorization))
        handler = continuation(handler_call_details)
        if not self.tokens or (authorization or "")[len("Bearer ") :] in self.tokens:
            return handler
        if self.on_refusal is not None:
            self.on_refusal()

        def refuse(_: Any, context: grpc.ServicerContext) -> NoReturn:
            context.abort(self.code, "no valid token")
            raise AssertionError("abort raises")

        streams = handler.request_streaming
        make = grpc.stream_stream_rpc_method_handler if streams else grpc.unary_unary_rpc_method_handler
        return make(refuse, handler.request_deserializer, handler.response_serializer)
