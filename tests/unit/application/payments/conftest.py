"""The world these use cases act in."""

from tests.support.booking_world import peopled_file, world

__all__ = ["peopled_file", "world"]
