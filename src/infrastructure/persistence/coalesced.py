"""One statement for all who ask for the same kind of thing at once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MOST_AT_ONCE = 200
# Between statements, when there are several: those who were just served come back with the next thing they ask for.
GATHER_SECONDS = 0.003


class Coalesced(Generic[Item, Answer]):
    """Whoever comes first is served at once and alone; those who come meanwhile, or just after, are served together.

    `serve` answers item by item, in their order; its error is everybody's. What nobody waits for any more goes to
    `give_back`.
    """

    def __init__(
        self,
        serve: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        *,
        give_back: Callable[[Answer], Coroutine[Any, Any, None]] | None = None,
        gather_seconds: float = GATHER_SECONDS,
    ) -> None:
        self._serve = serve
        self._gather_seconds = gather_seconds
        self._give_back = give_back
        self._returning: set[asyncio.Task[None]] = set()
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._serving: asyncio.Task[None] | None = None

    async def ask(self, item: Item) -> Answer:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve_all())
        try:
            return await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                # It came in the same moment.
                self._return(answer.result())
            raise

    async def settle(self) -> None:
        """Waits until nothing is being served or given back."""
        while under_way := [task for task in (self._serving, *self._returning) if task is not None and not task.done()]:
            await asyncio.wait(under_way)

    def _return(self, answer: Answer) -> None:
        """By itself: whatever becomes of it must not hold up those who still wait."""
        if self._give_back is not None:
            returning = asyncio.create_task(self._give_back(answer))
            self._returning.add(returning)
            returning.add_done_callback(self._returning.discard)

    async def _serve_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                answers = await self._serve([item for item, _ in batch])
            except BaseException as error:
                for _, waiting in batch:
                    _settle(waiting, error)
                if not isinstance(error, Exception):
                    raise
            else:
                for (_, waiting), answer in zip(batch, answers, strict=True):
                    if not waiting.done():
                        waiting.set_result(answer)
                    else:
                        self._return(answer)
                await asyncio.sleep(self._gather_seconds)


def _settle(waiting: "asyncio.Future[Answer]", error: BaseException) -> None:
    if waiting.done():
        return
    if isinstance(error, asyncio.CancelledError):
        waiting.cancel()
    else:
        waiting.set_exception(error)
