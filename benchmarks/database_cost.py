"""What a database is put to: the processor time of its server."""

import os
from pathlib import Path

from tests.support.databases import rows

_A_PROCESS_THAT_STAYS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"


class DatabaseCost:
    """Of the server that the database at `url` is on, while it runs on this machine."""

    def __init__(self, url: str) -> None:
        found = rows(url, _A_PROCESS_THAT_STAYS)
        self._server = int(_fields(Path(f"/proc/{found[0]['pid']}/stat"))[1])

    def cpu_seconds(self) -> float:
        """Of all its processes so far, those that have ended included."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = _fields(stat)
            except OSError:
                continue
            if int(stat.parent.name) == self._server:
                ticks += sum(int(field) for field in fields[11:15])
            elif int(fields[1]) == self._server:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def _fields(stat: Path) -> list[str]:
    """From the state on, see proc(5)."""
    return stat.read_text().rpartition(")")[2].split()
