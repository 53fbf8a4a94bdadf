"""How much memory the level in the process takes."""

import gc
import tracemalloc

from infrastructure.cache.memory_level import MemoryLevel

MOST_BYTES = 2_000_000


def test_small_entries_with_many_tags_of_their_own_take_no_more_than_they_may() -> None:
    level = MemoryLevel(max_entries=1_000_000, max_bytes=MOST_BYTES)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(1_500):
            tags = frozenset(f"near:{number}:{tag}:dog_walking" for tag in range(9))
            marks = b"%032d," % number * 10
            level.put(f"search:{number}", b"%d" % number, tags, marks=marks, expires_at=1, load_seconds=0.1)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert level.true("search:0", 0) is None
    assert level.true("search:1499", 0) is not None
    assert MOST_BYTES / 2 < taken < MOST_BYTES * 1.1, taken
