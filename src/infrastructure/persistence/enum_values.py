"""Members of enumerations by what is stored of them: to call the enumeration takes longer than to read the column."""

from enum import StrEnum
from typing import TypeVar

Member = TypeVar("Member", bound=StrEnum)


def by_value(kind: type[Member]) -> dict[str, Member]:
    return {member.value: member for member in kind}
