"""What the commands share: the console, the settings, and work over the adapters of a process."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console

from interfaces.bootstrap.settings import BadSettings, Settings

if TYPE_CHECKING:
    from interfaces.bootstrap.production import Parts

T = TypeVar("T")

console = Console()


def read_settings() -> Settings:
    """Ends the command with 2 when the environment cannot be used."""
    try:
        return Settings.read()
    except BadSettings as error:
        console.print(f"tailtribe: {error}", style="red")
        sys.exit(2)


def with_parts(work: Callable[["Parts"], Awaitable[T]]) -> T:
    """Runs work over the adapters of this process, and closes them."""
    # Who only asks for help, or serves, need not load them.
    from interfaces.bootstrap.production import build_parts

    async def run() -> T:
        parts = build_parts(read_settings())
        try:
            return await work(parts)
        finally:
            await parts.close()

    return asyncio.run(run())
