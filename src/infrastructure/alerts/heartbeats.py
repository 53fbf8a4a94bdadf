"""A request a minute to a service that calls when it stays away; or none."""

import structlog

from application.ports.heartbeat import Heartbeat

ANSWER_SECONDS = 5.0


class NoHeartbeat(Heartbeat):
    async def beat(self) -> None:
        return


class HttpHeartbeat(Heartbeat):
    def __init__(self, url: str) -> None:
        self._url = url

    async def beat(self) -> None:
        # Who has no such service need not load the client.
        import httpx

        try:
            async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as client:
                (await client.get(self._url)).raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Its words may hold the address, which is a secret.
            structlog.get_logger(__name__).warning("heartbeat.failed", reason=type(error).__name__)
