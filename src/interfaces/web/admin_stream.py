"""The overview's parts as they change, pushed to browsers."""

from collections.abc import AsyncGenerator, Mapping

import msgspec

from application.operations.live_view import LiveView
from domain.shared.languages import Language
from interfaces.http.live_stream import RETRY, event, event_id
from interfaces.web.admin_views import AdminViews


class RenderedFeed:
    """Renders each view once a language, however many browsers show it."""

    def __init__(self, views: AdminViews) -> None:
        self._views = views
        self._latest: dict[Language, tuple[LiveView, Mapping[str, bytes]]] = {}

    def parts(self, view: LiveView, language: Language) -> Mapping[str, bytes]:
        latest = self._latest.get(language)
        if latest is not None and latest[0] is view:
            return latest[1]
        parts = {**self._views.parts(view, language), "minutes": msgspec.json.encode(view.minutes)}
        self._latest[language] = view, parts
        return parts

    async def events(self, views: AsyncGenerator[LiveView], language: Language) -> AsyncGenerator[bytes]:
        """First everything, then what has changed: nothing is missed, whatever broke off before."""
        yield RETRY
        shown: Mapping[str, bytes] = {}
        async for view in views:
            parts = self.parts(view, language)
            changed = [event(name, part) for name, part in parts.items() if shown.get(name) != part]
            shown = parts
            yield b"".join([*changed, event("beat", b"{}", identity=event_id(view.at))])
