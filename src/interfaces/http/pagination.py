"""The query parameters that every list takes."""

from typing import Annotated

from litestar.params import QueryParameter

DEFAULT_LIMIT = 20
MAX_LIMIT = 50
_MAX_CURSOR_LENGTH = 1024

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="How many items at most")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=_MAX_CURSOR_LENGTH, description="`nextCursor` of the page before")
]
