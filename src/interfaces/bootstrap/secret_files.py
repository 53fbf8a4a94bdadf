"""Secrets that nobody set: made once, kept in the data directory, readable by the owner only."""

import os
import secrets
from pathlib import Path


def generated_secret(directory: Path, name: str) -> str:
    """The secret `name` of the directory, made now if need be. Of several processes at once all get the same one."""
    path = directory / name
    if not path.exists():
        _create(path)
    return path.read_text(encoding="ascii").strip()


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        # A hard link appears with its content, and fails when another process was first.
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()
