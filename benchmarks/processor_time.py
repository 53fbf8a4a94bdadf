"""What a run took of the processors, by the part that took it."""

import os
import resource
from pathlib import Path

from benchmarks.database_cost import DatabaseCost
from benchmarks.http_load import Served
from tests.support.product import Product


class ProcessorTime:
    """Of a product on this machine, its database and this process, since this was made."""

    def __init__(self, product: Product) -> None:
        worker = [] if product.worker is None else [product.worker]
        self._groups = {"API": product.apis, "worker": worker}
        self._database = DatabaseCost(product.environment["DATABASE_URL"])
        self._before, (self._busy, self._total) = self._seconds(), _machine()

    def so_far(self) -> dict[str, float]:
        """Seconds of each part."""
        return {part: now - self._before[part] for part, now in self._seconds().items()}

    def busy_share(self) -> float:
        """Of all processors of the machine, whoever kept them busy."""
        busy, total = _machine()
        return (busy - self._busy) / (total - self._total)

    def _seconds(self) -> dict[str, float]:
        of_groups = {
            part: sum(Served("", process.pid).cpu_seconds() for process in group)
            for part, group in self._groups.items()
        }
        own = resource.getrusage(resource.RUSAGE_SELF)
        return of_groups | {"database": self._database.cpu_seconds(), "generator": own.ru_utime + own.ru_stime}


def _machine() -> tuple[float, float]:
    """Seconds busy and in all, see proc(5)."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    idle = fields[3] + fields[4]
    ticks = os.sysconf("SC_CLK_TCK")
    return (sum(fields) - idle) / ticks, sum(fields) / ticks
