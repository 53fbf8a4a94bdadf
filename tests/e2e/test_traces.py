"""One trace from a request through the outbox and a worker to the provider, read by a receiver of OTLP."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.e2e.conftest import UNLIMITED
from tests.support.databases import create_database, drop_database
from tests.support.fault_server import FaultServer
from tests.support.people import PASSWORD, address
from tests.support.product import Product, eventually, ok
from tests.support.product import running as running_product
from tests.support.servers import RedisProcess

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def receiver() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def traced(
    tmp_path: Path, postgres_server: str, postgres_template: str, redis_process: RedisProcess, receiver: FaultServer
) -> Iterator[Product]:
    name = f"traced_{uuid4().hex[:8]}"
    url = create_database(postgres_server, name, template=postgres_template)
    environment = UNLIMITED | {
        "DATABASE_URL": url,
        "REDIS_URL": redis_process.url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    yield from running_product(Product(tmp_path, environment, with_worker=True))
    drop_database(postgres_server, name)


def spans(receiver: FaultServer) -> dict[str, Span]:
    """Those of the trace, by name."""
    found: dict[str, Span] = {}
    for request in receiver.requests:
        is_packed = request.headers.get("content-encoding") == "gzip"
        body = gzip.decompress(request.body) if is_packed else request.body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                found |= {span.name: span for span in scope.spans if span.trace_id.hex() == TRACE}
    return found


def test_a_trace_leads_from_the_request_to_the_call_of_the_provider(traced: Product, receiver: FaultServer) -> None:
    body = {"email": address("an"), "password": PASSWORD, "firstName": "An", "lastName": "P", "language": "nl"}
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    ok(traced.client().post("/api/auth/register", json=body, headers=headers), 201)
    names = ("POST /api/auth/register", "job mail.send", "call email")
    found = eventually(lambda: found if set(names) <= (found := spans(receiver)).keys() else None, what="the trace")
    request, job, call = (found[name] for name in names)
    assert request.parent_span_id.hex() == "00f067aa0ba902b7"
    assert job.parent_span_id == request.span_id
    assert call.parent_span_id == job.span_id
    assert {attribute.key for attribute in request.attributes} == {"http.route", "http.response.status_code"}
