"""Durations counted in buckets, each a little wider than the one before, so that counts of processes add up and
percentiles are right to a fixed share."""

import math
from collections.abc import Mapping

ACCURACY = 0.02
SMALLEST_SECONDS = 1e-6
_GROWTH = (1 + ACCURACY) / (1 - ACCURACY)
_LOG_OF_GROWTH = math.log(_GROWTH)


def bucket_of(seconds: float) -> int:
    return math.ceil(math.log(seconds / SMALLEST_SECONDS) / _LOG_OF_GROWTH) if seconds > SMALLEST_SECONDS else 0


def seconds_of(bucket: int) -> float:
    """The duration that is off by the same share from both ends of the bucket."""
    return SMALLEST_SECONDS * 2 * _GROWTH**bucket / (_GROWTH + 1)


def quantile_seconds(buckets: Mapping[int, float], share: float) -> float:
    """The duration that `share` of all did not exceed; 0 when there are none."""
    rank = share * sum(buckets.values())
    below = 0.0
    for bucket in sorted(buckets):
        below += buckets[bucket]
        if below >= rank:
            return seconds_of(bucket)
    return 0.0
