"""What must not be kept in the texts of errors: secrets and the addresses of people."""

import re

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
    """The text without keys, tokens, passwords, mail addresses and telephone numbers, as far as their form tells."""
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return text
