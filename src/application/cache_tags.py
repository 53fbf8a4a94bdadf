"""The names under which the cache forgets: what reads carry and writes invalidate."""

from domain.shared.actor import CaregiverId

SEARCH_TAG = "search"


def caregiver_tag(caregiver_id: CaregiverId) -> str:
    return f"caregiver:{caregiver_id}"
