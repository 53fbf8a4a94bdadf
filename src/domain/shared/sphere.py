"""Distances on the globe by chords of the unit sphere.

The great-circle distance d (km) and the chord c between two unit vectors are tied by c = 2·sin(d / 2R), with the mean
Earth radius R = 6371.0088 km (IUGG). c² orders like d and needs no trigonometry in the database.
"""

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088


def unit_vector(lat: float, lng: float) -> tuple[float, float, float]:
    """The point (degrees, WGS 84 taken as a sphere) as x, y, z."""
    phi, lam = radians(lat), radians(lng)
    return cos(phi) * cos(lam), cos(phi) * sin(lam), sin(phi)


def chord_squared(distance_km: float) -> float:
    return (2 * sin(distance_km / (2 * EARTH_RADIUS_KM))) ** 2


def distance_km(squared_chord: float) -> float:
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(max(0.0, squared_chord)) / 2))


def latitude_span(distance: float) -> float:
    """Degrees of latitude that `distance` km cover."""
    return distance / (EARTH_RADIUS_KM * radians(1))


def longitude_span(distance: float, lat: float) -> float:
    """Degrees of longitude that a circle of `distance` km around `lat` spans to either side; 180 near the poles."""
    ratio = sin(min(distance / EARTH_RADIUS_KM, 1.5)) / max(cos(radians(lat)), 1e-9)
    return 180.0 if ratio >= 1 else asin(ratio) / radians(1)
