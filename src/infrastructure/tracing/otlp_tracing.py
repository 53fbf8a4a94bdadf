"""Traces over OTLP/HTTP. Imported only when an endpoint is set."""

import asyncio
import re
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from application.ports.tracing import Span, SpanKind, Tracing
from application.trace_parent import trace_parent

_TRACE_PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_KINDS = {
    SpanKind.SERVER: trace.SpanKind.SERVER,
    SpanKind.CONSUMER: trace.SpanKind.CONSUMER,
    SpanKind.CLIENT: trace.SpanKind.CLIENT,
}


class _OtlpSpan(Span):
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def named(self, name: str, attributes: Mapping[str, str | int]) -> None:
        self._span.update_name(name)
        self._span.set_attributes(dict(attributes))


class OtlpTracing(Tracing):
    """Sends batches from a thread of the library's own; what cannot be sent is lost."""

    def __init__(self, endpoint: str, *, release: str) -> None:
        resource = Resource({"service.name": "tailtribe", "service.version": release})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("tailtribe")

    @contextmanager
    def span(self, name: str, kind: SpanKind) -> Generator[Span]:
        span = self._tracer.start_span(name, context=_parent(), kind=_KINDS[kind])
        token = trace_parent.set(_written(span.get_span_context()))
        try:
            yield _OtlpSpan(span)
        except BaseException as error:
            # Not its words: they may hold anything.
            span.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            trace_parent.reset(token)
            span.end()

    def finished(self, name: str, kind: SpanKind, *, seconds: float, attributes: Mapping[str, str]) -> None:
        now = time.time_ns()
        span = self._tracer.start_span(
            name, context=_parent(), kind=_KINDS[kind], attributes=dict(attributes), start_time=now - int(seconds * 1e9)
        )
        span.end(now)

    async def close(self) -> None:
        """Sends what is left."""
        await asyncio.to_thread(self._provider.shutdown)


def _parent() -> Context:
    found = _TRACE_PARENT.fullmatch(trace_parent.get() or "")
    if found is None:
        return Context()
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    parent = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
    return trace.set_span_in_context(NonRecordingSpan(parent), Context())


def _written(span: SpanContext) -> str:
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
