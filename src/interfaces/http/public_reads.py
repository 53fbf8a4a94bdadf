"""Which requests are answered the same for everybody, and therefore from a cache."""

import re

from litestar.types import Scope

from interfaces.http.asgi_messages import method_of

_UUID = "[0-9a-fA-F-]{36}"
_PUBLIC_READS = re.compile(rf"/api/(?:home|places|caregivers(?:/{_UUID}(?:/free-periods|/reviews)?)?)/?")


def is_public_read(scope: Scope) -> bool:
    return method_of(scope) == "GET" and _PUBLIC_READS.fullmatch(scope["path"]) is not None
