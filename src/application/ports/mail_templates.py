"""Writing a mail in the reader's language."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WrittenMail:
    subject: str
    text: str
    html: str


class MailTemplates(Protocol):
    """Turns a kind of mail and its facts into words.

    Promises: every kind of `MAIL_KINDS` exists in nl, fr and en; values are escaped in the HTML part; an unknown
    kind, an unknown language or a missing value raises KeyError instead of writing half a mail.
    """

    @abstractmethod
    def write(self, kind: str, *, language: str, values: Mapping[str, object]) -> WrittenMail: ...
