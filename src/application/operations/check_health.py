"""Anybody, most often a machine, asks whether the system works."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct

from application.ports.health_probe import HealthProbe
from domain.operations.health_score import HealthStatus
from domain.shared.errors import Unavailable

CHECK_SECONDS = 1.0
# Without these nothing works; without any other part the rest goes on.
VITAL = frozenset({"database"})


class HealthCheck(Struct, frozen=True, kw_only=True, rename="camel"):
    status: HealthStatus
    latency_ms: float


class HealthReport(Struct, frozen=True, kw_only=True, rename="camel"):
    status: HealthStatus
    checks: dict[str, HealthCheck]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHealth:
    """Asks every part side by side. Tells no versions and no settings."""

    probes: Mapping[str, HealthProbe]

    async def execute(self) -> HealthReport:
        answers = await asyncio.gather(*(_check(name, probe) for name, probe in self.probes.items()))
        checks = dict(zip(self.probes, answers, strict=True))
        worst = {check.status for check in answers}
        for status in (HealthStatus.UNHEALTHY, HealthStatus.DEGRADED):
            if status in worst:
                return HealthReport(status=status, checks=checks)
        return HealthReport(status=HealthStatus.HEALTHY, checks=checks)


async def _check(name: str, probe: HealthProbe) -> HealthCheck:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await probe.check()
        status = HealthStatus.HEALTHY
    except (Unavailable, TimeoutError):
        status = HealthStatus.UNHEALTHY if name in VITAL else HealthStatus.DEGRADED
    return HealthCheck(status=status, latency_ms=round((time.perf_counter() - started) * 1000, 1))
