"""One spelling for names that differ only in case, accents, hyphens and apostrophes."""

import re
import unicodedata

_SEPARATORS = re.compile(r"[\s\-'’`.]+")


def fold(name: str) -> str:
    """`Saint-Gilles`, `saint gilles` and `SAINT GILLES ` → `saint gilles`; `Liège` → `liege`."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _SEPARATORS.sub(" ", plain).strip()
