"""Every event has somebody who reacts to it, or is known to have nobody."""

from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pkgutil import walk_packages
from uuid import UUID

import pytest

import domain
from application.ports.event_router import EventFacts, RoutedJob
from domain.bookings.booking_life import ActorRole
from domain.shared.events import DomainEvent
from infrastructure.mail.jinja_mail_templates import MAIL_KINDS
from infrastructure.persistence.jobs.job_tables import QUEUES
from interfaces.worker.event_routes import EVENT_ROUTES, route_event
from interfaces.worker.job_kinds import job_kinds
from tests.support.builders import identified

# What happened and is only kept: nobody acts on it.
NOBODY_REACTS = {
    "AccountDetailsChanged",
    "AccountRegistered",  # the mail with the link needs a token, and is asked for with it
    "AccountSuspensionBegan",
    "AccountSuspensionEnded",
    "AdminGranted",
    "PasswordChanged",
}
# Kinds of event, never one themselves.
_KINDS = {"AccountEvent", "BookingEvent", "PayoutEvent"}
_ID = identified("anything")


def events() -> dict[str, type[DomainEvent]]:
    """Every event the domain knows, by name."""
    for module in walk_packages(domain.__path__, prefix="domain."):
        import_module(module.name)
    return {event.__name__: event for event in descendants(DomainEvent) if event.__name__ not in _KINDS}


def descendants(kind: type[DomainEvent]) -> Iterator[type[DomainEvent]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def facts_of(event: type[DomainEvent]) -> EventFacts:
    """Those that the outbox would keep."""
    return {field.name: str(_ID) for field in fields(event) if field.name != "at"}


ALL_ROUTES = [(name, route) for name, routes in EVENT_ROUTES.items() for route in routes]
each_route = pytest.mark.parametrize(("name", "route"), ALL_ROUTES, ids=lambda value: getattr(value, "name", value))


def test_every_event_is_routed_or_known_to_concern_nobody() -> None:
    assert set(events()) == set(EVENT_ROUTES) | NOBODY_REACTS
    assert not set(EVENT_ROUTES) & NOBODY_REACTS


@each_route
def test_what_a_job_is_about_is_a_fact_of_its_event(name: str, route: RoutedJob) -> None:
    facts = facts_of(events()[name])
    (routed,) = [job for job in route_event(name, _ID, facts) if job.name == route.name]
    assert (routed.kind, routed.queue) == (route.kind, route.queue)
    assert "" not in routed.payload.values()
    for key, value in routed.payload.items():
        if key.endswith("_id"):
            assert UUID(str(value)) == _ID


@each_route
def test_every_job_that_follows_is_known_to_the_workers(name: str, route: RoutedJob) -> None:
    # Only the names of the kinds are looked at, so that no use case is needed behind them.
    assert route.kind in job_kinds(None, mail_per_second=10)  # pyright: ignore[reportArgumentType]
    assert route.queue in QUEUES


@each_route
def test_every_mail_that_follows_is_written_somewhere_and_has_a_reader(name: str, route: RoutedJob) -> None:
    assert route.payload["mail"] in MAIL_KINDS
    if "booking_id" in route.payload and route.kind == "mail.send":
        assert ActorRole(str(route.payload["to"])) in (ActorRole.OWNER, ActorRole.CAREGIVER)


def test_jobs_of_one_event_are_told_apart_by_their_names() -> None:
    for routes in EVENT_ROUTES.values():
        assert len({route.name for route in routes}) == len(routes)


def test_an_unknown_event_is_followed_by_nothing() -> None:
    assert route_event("SomethingOfTheNextRelease", _ID, {}) == []


def test_filling_in_a_route_leaves_the_route_as_it_was() -> None:
    before = [dict(route.payload) for _, route in ALL_ROUTES]
    for name, event in events().items():
        route_event(name, _ID, facts_of(event))
    assert [dict(route.payload) for _, route in ALL_ROUTES] == before
