from pathlib import Path

import pytest

from infrastructure.metrics.process_figures import memory_limit

MACHINE = 8_000_000_000


@pytest.mark.parametrize(
    ("second_version", "first_version", "limit"),
    [
        ("max\n", None, MACHINE),
        ("512000000\n", None, 512_000_000),
        (None, "256000000\n", 256_000_000),
        (None, "9223372036854771712\n", MACHINE),
        (None, None, MACHINE),
    ],
)
def test_the_limit_of_memory_is_that_of_the_control_group_or_of_the_machine(
    tmp_path: Path, second_version: str | None, first_version: str | None, limit: int
) -> None:
    files = tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes"
    for file, text in zip(files, (second_version, first_version), strict=True):
        if text is not None:
            file.write_text(text)
    assert memory_limit(files, machine_bytes=MACHINE) == limit
