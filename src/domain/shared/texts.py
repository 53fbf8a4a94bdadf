"""Text that people type: trimmed, not blank, without characters that nobody can see or that turn lines around."""

import unicodedata

from domain.shared.errors import InvalidInput

_LAYOUT = "\n\r\t"
# Cc control, Cf format (joiners of emoji stay allowed), Cs lone surrogates.
_JOINERS = "\u200d\ufe0f"


class TextNotUsable(InvalidInput):
    title = "The text is blank or holds control characters"


def line(text: str, *, field: str) -> str:
    """One line, trimmed. Raises TextNotUsable naming `field`."""
    return _checked(text.strip(), allowed=_JOINERS, field=field)


def paragraphs(text: str, *, field: str) -> str:
    """Text that may have line breaks, trimmed. Raises TextNotUsable naming `field`."""
    return _checked(text.strip(), allowed=_JOINERS + _LAYOUT, field=field)


def _checked(text: str, *, allowed: str, field: str) -> str:
    if not text or any(_is_invisible(character) and character not in allowed for character in text):
        raise TextNotUsable(field=field)
    return text


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs")
