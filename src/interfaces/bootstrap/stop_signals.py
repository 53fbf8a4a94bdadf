"""Streams end when the process is told to: a server that waits for its requests would wait for them for ever."""

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType


def end_on_stop_signals(end: Callable[[], None]) -> None:
    """Calls `end` on the running loop at SIGTERM and SIGINT, before whatever the server does then. Does nothing outside
    the main thread, where there are no signals."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        _chain(number, loop, end)


def _chain(number: signal.Signals, loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    before = signal.getsignal(number)

    def on_signal(received: int, frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(end)
        if callable(before):
            before(received, frame)

    signal.signal(number, on_signal)
