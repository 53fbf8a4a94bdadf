"""One key for each purpose out of the one SECRET_KEY: what leaks of one says nothing about the others."""

import hashlib
import hmac


def derived_key(secret_key: str, purpose: str) -> bytes:
    """32 bytes. `purpose` is a constant of ours, never input."""
    return hmac.digest(secret_key.encode(), b"tailtribe:" + purpose.encode(), hashlib.sha256)
