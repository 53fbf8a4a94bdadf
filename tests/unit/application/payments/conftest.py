"""The world these use cases act in."""

from tests.support.booking_world import peopled_file, world
from tests.support.money_world import money

__all__ = ["money", "peopled_file", "world"]
