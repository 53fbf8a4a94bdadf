"""Mail as files, for development and for whoever runs without a mail server."""

import asyncio
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from application.ports.mail import Mail, MailMessage, MailUnavailable
from infrastructure.mail.mime_message import mime_message, safe_id, sender_address


class FileMail(Mail):
    """Writes `directory/<mail id>.eml`, complete or not at all. The same id overwrites.

    The parts are not encoded, so that a person and `grep` can read them.
    """

    def __init__(self, directory: Path, sender: str) -> None:
        self._directory = directory
        self._sender = sender_address(sender)

    async def send(self, message: MailMessage) -> None:
        content = mime_message(message, sender=self._sender, encoding="8bit").as_bytes()
        try:
            await asyncio.to_thread(self._write, f"{safe_id(message)}.eml", content)
        except OSError as error:
            raise MailUnavailable("The mail could not be written to its file") from error

    def _write(self, name: str, content: bytes) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self._directory, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(temporary).replace(self._directory / name)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise
