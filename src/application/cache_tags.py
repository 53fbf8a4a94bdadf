"""The names under which the cache forgets: what reads carry and writes invalidate.

An entry names what could change its answer, a write names what it changed; both choose from the same few:

- `caregiver:…`: one profile's page.
- `calendar:…`: when one caregiver can be booked. His open hours and bookings change it, and whether he is bookable.
- `home`: the front page.
- `counts`: how many offer what in which country. Whatever changes them changes the front page.
- `near:cell:service`: searches with a radius carry the cells of their circle; a caregiver changes his own cell on each
  level.
- `reach:cell:service`: searches around a point without a radius find whoever's action radius reaches it. They carry
  their own cell on each level; a caregiver changes the cells of the circle that he reaches.
- `in:country:service`: searches without a point.
- `places`: what names of places mean.

`service` is the one asked for, or `any`; a caregiver changes those he offers, or offered, and `any`. An entry carries
at most nine tags. A write names at most 70 for a caregiver with three services who stays where he is, and at most 332.
"""

from dataclasses import dataclass
from typing import Any

from application.map_cells import cells_of_circle, cells_of_point
from application.ports.caregiver_queries import GATED_PHOTOS, CaregiverSearch
from domain.caregivers.caregiver_profile import CaregiverProfile, CaregiverStatus
from domain.caregivers.services import Service
from domain.shared.actor import CaregiverId
from domain.shared.languages import Country

HOME_TAG = "home"
COUNTS_TAG = "counts"
PLACES_TAG = "places"
ANY = "any"


def caregiver_tag(caregiver_id: CaregiverId) -> str:
    return f"caregiver:{caregiver_id}"


def calendar_tag(caregiver_id: CaregiverId) -> str:
    return f"calendar:{caregiver_id}"


def search_tags(search: CaregiverSearch) -> frozenset[str]:
    """What a page of this search depends on."""
    service = search.service or ANY
    if search.lat is None or search.lng is None:
        return frozenset({f"in:{search.country or ANY}:{service}"})
    if search.radius_km is None:
        return frozenset(f"reach:{cell}:{service}" for cell in cells_of_point(search.lat, search.lng))
    cells = cells_of_circle(search.lat, search.lng, search.radius_km)
    return frozenset(f"near:{cell}:{service}" for cell in cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Where, and for what, searches find a caregiver."""

    lat: float
    lng: float
    action_radius_km: int
    country: Country
    services: frozenset[Service]

    def tags(self) -> set[str]:
        """Those of every search that may find him."""
        return {
            f"{place}:{service}"
            for service in (*self.services, ANY)
            for place in (
                *(f"near:{cell}" for cell in cells_of_point(self.lat, self.lng)),
                *(f"reach:{cell}" for cell in cells_of_circle(self.lat, self.lng, self.action_radius_km)),
                *(f"in:{country}" for country in (self.country, ANY)),
            )
        }


def tags_of_everything_shown(caregiver_id: CaregiverId, presence: Presence) -> set[str]:
    """For what changes a caregiver wherever he is shown: his name, his rating, whether he is there at all."""
    return {caregiver_tag(caregiver_id), HOME_TAG, COUNTS_TAG, *presence.tags()}


def tags_of_change(before: CaregiverProfile | None, after: CaregiverProfile) -> set[str]:
    """What a caregiver's profile, changed from `before` (None: it is new), makes untrue: nothing while it is invisible
    and by what is shown nowhere, such as the payout account."""
    if before is None or not _is_visible(before):
        return tags_of_everything_shown(after.id, _presence(after)) if _is_visible(after) else set()
    if not _is_visible(after) or _card(before) != _card(after):
        tags = tags_of_everything_shown(after.id, _presence(before)) | _presence(after).tags()
        return tags - {COUNTS_TAG} if _is_visible(after) and _counted(before) == _counted(after) else tags
    tags = {caregiver_tag(after.id)} if _page(before) != _page(after) else set[str]()
    if before.can_receive_transfers != after.can_receive_transfers:
        tags.add(calendar_tag(after.id))
    if _found_by(before) != _found_by(after):
        tags |= _presence(before).tags() | _presence(after).tags()
    return tags


def _is_visible(caregiver: CaregiverProfile) -> bool:
    return caregiver.status is CaregiverStatus.APPROVED


def _presence(caregiver: CaregiverProfile) -> Presence:
    return Presence(
        lat=caregiver.lat,
        lng=caregiver.lng,
        action_radius_km=caregiver.action_radius_km,
        country=caregiver.country,
        services=frozenset(offer.service for offer in caregiver.offers),
    )


def _card(caregiver: CaregiverProfile) -> tuple[Any, ...]:
    """What every list shows."""
    return (
        caregiver.place,
        caregiver.country,
        caregiver.offers,
        caregiver.badges,
        caregiver.instant_book,
        caregiver.photos[:GATED_PHOTOS],
    )


def _counted(caregiver: CaregiverProfile) -> tuple[Any, ...]:
    """What he counts for on the front page."""
    return caregiver.country, frozenset(offer.service for offer in caregiver.offers)


def _found_by(caregiver: CaregiverProfile) -> tuple[Any, ...]:
    """What searches filter by beyond what they show."""
    return (
        caregiver.lat,
        caregiver.lng,
        caregiver.action_radius_km,
        caregiver.animals,
        caregiver.sizes,
        caregiver.languages,
    )


def _page(caregiver: CaregiverProfile) -> tuple[Any, ...]:
    """What his own page shows beyond a card."""
    return (
        caregiver.bio,
        caregiver.animals,
        caregiver.sizes,
        caregiver.languages,
        caregiver.cancellation_policy,
        caregiver.max_animals_at_once,
    )
