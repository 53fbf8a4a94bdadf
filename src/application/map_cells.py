"""The map in cells of several sizes: which ones hold a point, and which few a circle touches.

A circle's cells are all of one level, the finest that needs no more than MOST_CELLS of them. So whoever names the cells
of a circle, and whoever names the cells of a point on every level, meet whenever the point lies in the circle. Like the
search, no cell reaches over the 180th meridian.
"""

from math import floor

from domain.shared.sphere import latitude_span, longitude_span

# Degrees. At 51° the smallest cell is 14 km high and 9 km wide, the last but one 222 and 140 km; the last is for
# circles near the poles, which span all longitudes.
LEVELS = (0.125, 0.25, 0.5, 1.0, 2.0, 360.0)
MOST_CELLS = 9
# More than rounding can do to a point at the rim of a circle: about a metre.
RIM_DEGREES = 1e-5


def cells_of_point(lat: float, lng: float) -> list[str]:
    """One cell for each level."""
    return [_cell(level, floor(lat / size), floor(lng / size)) for level, size in enumerate(LEVELS)]


def cells_of_circle(lat: float, lng: float, radius_km: float) -> list[str]:
    """At most MOST_CELLS cells that hold every point within `radius_km`."""
    height = latitude_span(radius_km) + RIM_DEGREES
    width = longitude_span(radius_km, lat) + RIM_DEGREES
    for level, size in enumerate(LEVELS):
        rows = range(floor((lat - height) / size), floor((lat + height) / size) + 1)
        columns = range(floor((lng - width) / size), floor((lng + width) / size) + 1)
        if len(rows) * len(columns) <= MOST_CELLS:
            return [_cell(level, row, column) for row in rows for column in columns]
    raise AssertionError("the largest cells are as large as the world")


def _cell(level: int, row: int, column: int) -> str:
    return f"{level}:{row}:{column}"
