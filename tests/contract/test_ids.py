from concurrent.futures import ThreadPoolExecutor

from infrastructure.ids.uuid7_ids import Uuid7Ids


def test_ids_are_of_version_7() -> None:
    made = Uuid7Ids().new()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_later_ids_sort_after_earlier_ones() -> None:
    ids = Uuid7Ids()
    made = [ids.new() for _ in range(50_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_made_in_parallel_are_unique_and_sorted_within_each_thread() -> None:
    ids = Uuid7Ids()
    with ThreadPoolExecutor(8) as threads:
        batches = list(threads.map(lambda _: [ids.new() for _ in range(2_000)], range(8)))
    assert all(batch == sorted(batch) for batch in batches)
    assert len({made for batch in batches for made in batch}) == 16_000
