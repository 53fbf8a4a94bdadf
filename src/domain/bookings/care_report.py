"""What the caregiver tells of the care: once when it begins, once when it ends."""

from dataclasses import dataclass
from datetime import datetime

from domain.shared.errors import InvalidInput

MOST_PHOTOS = 10
"""Of a booking, check-in and check-out together."""


class CoordinatesNotUsable(InvalidInput):
    title = "Coordinates are a latitude and a longitude on earth, or neither"


class TooManyPhotos(InvalidInput):
    title = "A service report has at most ten photos"


@dataclass(frozen=True, slots=True, kw_only=True)
class CareReport:
    """One half of the service report. `photos` are references. Raises CoordinatesNotUsable and TooManyPhotos."""

    at: datetime
    lat: float | None = None
    lng: float | None = None
    notes: str | None = None
    photos: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.lat is None) != (self.lng is None):
            raise CoordinatesNotUsable(field="lat" if self.lat is None else "lng")
        if self.lat is not None and self.lng is not None and not (-90 <= self.lat <= 90 and -180 <= self.lng <= 180):
            raise CoordinatesNotUsable(field="lat" if abs(self.lat) > 90 else "lng")
        if len(self.photos) > MOST_PHOTOS:
            raise TooManyPhotos(field="photos")
