"""What must not be kept in the texts of errors: secrets, the addresses of people, their accounts and cards."""

import re
from collections.abc import Callable

_ADDRESS = "[address]"
_SECRET = "[secret]"  # noqa: S105 - what stands in its place

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# In this order: what names a secret goes with it before what merely looks like one. None looks far back or ahead from
# each place: texts may be long.
_REPLACEMENTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"://[^/\s@]{1,256}@"), f"://{_SECRET}@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s,;]+"), rf"\1 {_SECRET}"),
    (
        re.compile(
            r"(?i)((?:token|secret|password|passwd|api[_-]?key|access[_-]?key|signature|authorization|cookie)"
            r"[\"']?\s*[=:]\s*[\"']?)(?!bearer\b|basic\b)[^\s&\"',;)]+"
        ),
        rf"\1{_SECRET}",
    ),
    (re.compile(r"\b(?:sk|rk|pk|re|whsec)_\w{8,}"), _SECRET),
    (re.compile(r"_secret_\w+"), f"_{_SECRET}"),
    (re.compile(r"[^\s@<>\"'(),;:=\[\]]{1,64}@[^\s@<>\"'(),;:=\[\]]+\.[^\s@<>\"'(),;:=\[\].]+"), _ADDRESS),
    (re.compile(r"(?<![\w.])\+\d[\d ()/.-]{6,}\d"), "[phone]"),
    # Long, and letters with digits: signed links, tokens, hashes. The ids of things stay: they are no secrets.
    (re.compile(rf"(?<![\w.-])(?!{_UUID}(?![\w.-]))(?=[\w.-]*\d)(?=[\w.-]*[A-Za-z])[\w.-]{{32,}}"), _SECRET),
)


def redacted(text: str) -> str:
    """The text without keys, tokens, passwords, mail addresses, telephone numbers, bank accounts and cards, as far as
    their form tells."""
    for run, word, is_one in _NUMBERS:
        text = _without_numbers(text, run, word, is_one)
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return text


def _without_numbers(text: str, run: re.Pattern[str], word: str, is_one: Callable[[str], bool]) -> str:
    """What begins like a number goes as far as it is one: behind it may stand another, or something else."""
    kept: list[str] = []
    at = 0
    while (found := run.search(text, at)) is not None:
        start, signs = found.start(), found[0]
        ends = (end for end in range(len(signs), 0, -1) if end == len(signs) or not signs[end - 1 : end + 1].isalnum())
        length = next((end for end in ends if is_one(signs[:end])), 0)
        kept += (text[at:start], word) if length else (text[at : start + 2],)
        at = start + (length or 2)
    return "".join([*kept, text[at:]])


def _is_iban(text: str) -> bool:
    """By its checksum, whatever the country."""
    compact = text.replace(" ", "")
    return 15 <= len(compact) <= 34 and int("".join(str(int(sign, 36)) for sign in compact[4:] + compact[:4])) % 97 == 1


def _is_card(text: str) -> bool:
    """By its last digit (Luhn)."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    if len(digits) < 13:
        return False
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_phone(text: str) -> bool:
    """As written within Belgium or the Netherlands."""
    return sum(sign.isdigit() for sign in text) in (9, 10)


# Before what else they might look like. Each is checked, so that other numbers stay.
_NUMBERS: tuple[tuple[re.Pattern[str], str, Callable[[str], bool]], ...] = (
    (re.compile(r"(?i)(?<![\w-])[a-z]{2}\d{2}(?: ?[a-z0-9]){11,30}"), "[bank]", _is_iban),
    (re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}"), "[card]", _is_card),
    (re.compile(r"(?<![\w.+-])0\d(?:[ /.-]{0,2}\d){7,8}(?!\d)"), "[phone]", _is_phone),
)
