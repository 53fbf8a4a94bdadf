"""What is kept of an exception."""

import linecache
import traceback
from datetime import datetime
from types import FrameType

from domain.operations.error_group import CodeFrame, ErrorSighting

OUR_PACKAGES = ("domain.", "application.", "infrastructure.", "interfaces.")
MOST_FRAMES = 12


def sighting_of(error: BaseException, *, place: str, at: datetime) -> ErrorSighting:
    walked = list(traceback.walk_tb(error.__traceback__))
    own = [(frame, line) for frame, line in walked if _is_ours(frame)] or walked[-1:]
    return ErrorSighting(
        kind=type(error).__qualname__,
        place=place,
        frames=tuple(_code_frame(frame, line) for frame, line in own[-MOST_FRAMES:]),
        at=at,
    )


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(OUR_PACKAGES)


def _code_frame(frame: FrameType, line: int) -> CodeFrame:
    code = frame.f_code
    return CodeFrame(
        module=str(frame.f_globals.get("__name__", "?")),
        function=code.co_qualname,
        line=line,
        source=linecache.getline(code.co_filename, line).strip(),
    )
