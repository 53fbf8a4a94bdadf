"""The served document against what is served: whatever one sends, no 5xx and no answer that it does not describe.

A few requests for each operation and role here; `make fuzz` sends many, of its own seed each time.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from requests import Session
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.conftest import UNLIMITED
from tests.support.people import Person, address, admin, caregiver, pet, quote, request, someone
from tests.support.product import Product, ok, running

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))
IS_LONG = "FUZZ_EXAMPLES" in os.environ
Operation = APIOperation[Any, Any, Any, Any]
ROLES = ("anonymous", "owner", "caregiver", "admin")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    positive_data_acceptance,
]
# What a schema cannot say (a period that ends before it begins, a place that does not exist) is refused by 400 or 422;
# 429 is the pause after many wrong passwords, which no setting switches off.
CONFIG = {
    "checks": {
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "304", "400", "401", "403", "404", "409", "413", "422", "429"]
        }
    }
}
# The first never ends its answer; the others sign the role out, and all that follows would be a 401.
LEFT_OUT = {"GET /api/admin/stream", "DELETE /api/me/sessions", "POST /api/me/password"}


@dataclass(frozen=True, slots=True)
class Findings:
    """What was wrong, once of each kind, and which operations did what they were asked."""

    wrong: dict[str, str] = field(default_factory=dict[str, str])
    answered: set[str] = field(default_factory=set[str])


@dataclass(frozen=True, slots=True)
class Stage:
    """`tokens` by role; `ids` are what there is, by the parameter of a path."""

    url: str
    document: dict[str, Any]
    tokens: Mapping[str, str | None]
    ids: Mapping[str, str]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Stage]:
    """A product of its own: an admin pauses queues and clears caches here."""
    data_dir = tmp_path_factory.mktemp("fuzzed")
    shutil.copy(sqlite_template, data_dir / "tailtribe.sqlite3")
    for product in running(Product(data_dir, UNLIMITED)):
        owner, sitter, operator = (
            someone(product, address("an")),
            caregiver(product, address("bart")),
            admin(product),
        )
        pet_id = pet(owner)
        booking_id = request(owner, quote(owner, sitter.id, [pet_id])["id"])["id"]
        jobs = ok(operator.client.get("/api/admin/jobs"))["items"]
        yield Stage(
            url=f"http://127.0.0.1:{product.ports[0]}",
            document=ok(product.client().get("/schema")),
            tokens={
                "anonymous": None,
                "owner": _token(owner),
                "caregiver": _token(sitter.person),
                "admin": _token(operator),
            },
            ids={
                "pet_id": pet_id,
                "booking_id": booking_id,
                "dispute_id": booking_id,
                "caregiver_id": sitter.id,
                "job_id": jobs[0]["id"],
                "queue": "mail",
            },
        )


def _token(person: Person) -> str:
    return person.client.headers["authorization"]


@pytest.mark.parametrize("role", ROLES)
def test_no_role_gets_an_answer_that_the_document_does_not_describe(stage: Stage, role: str) -> None:
    found = Findings()
    with _session(stage, role) as session:
        for operation in _operations(stage, stage.document):
            if operation.label not in LEFT_OUT:
                _send(operation, session, stage.ids, found)
    assert not found.wrong, "\n\n".join(found.wrong.values())
    # Whom every route refused would have proved nothing.
    assert len(found.answered) > 5


def test_what_the_document_does_not_describe_is_found(stage: Stage) -> None:
    lying = deepcopy(stage.document)
    lying["paths"] = {path: lying["paths"][path] for path in ("/api/health/live", "/api/home")}
    del lying["paths"]["/api/health/live"]["get"]["responses"]["204"]
    home = lying["paths"]["/api/home"]["get"]["responses"]["200"]["content"]["application/json"]
    home["schema"] = {"type": "object", "required": ["nothing of the kind"]}
    found = Findings()
    with _session(stage, "anonymous") as session:
        for operation in _operations(stage, lying):
            _send(operation, session, stage.ids, found)
    assert set(found.wrong) == {
        "GET /api/health/live Undocumented status code",
        "GET /api/home Response violates schema",
    }


def _session(stage: Stage, role: str) -> Session:
    session = Session()
    session.trust_env = False
    if token := stage.tokens[role]:
        session.headers["authorization"] = token
    return session


def _operations(stage: Stage, document: dict[str, Any]) -> Iterator[Operation]:
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(CONFIG))
    schema.config.update(base_url=stage.url)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


def _send(operation: Operation, session: Session, ids: Mapping[str, str], found: Findings) -> None:
    known = {name: ids[name] for name in ids if f"{{{name}}}" in operation.path}
    usable = operation.as_strategy(GenerationMode.POSITIVE)
    strategies = [usable, operation.as_strategy(GenerationMode.NEGATIVE)] if IS_LONG else [usable]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=not IS_LONG,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],  # pyright: ignore[reportArgumentType]
    )
    @given(case=st.one_of(strategies), is_known=st.booleans())
    def send(case: Case, is_known: bool) -> None:
        if is_known or not IS_LONG:
            case.path_parameters.update(known)
        try:
            if case.call_and_validate(session=session, checks=CHECKS, timeout=30).status_code < 300:
                found.answered.add(operation.label)
        except FailureGroup as group:
            for failure in group.exceptions:
                assert isinstance(failure, Failure)
                title = f"{operation.label} {failure.title}"
                found.wrong[title] = f"{title}: {failure}\n{case.as_curl_command()}"

    send()
