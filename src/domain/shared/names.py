"""How people are shown to those who may not know who they are."""


def gated_name(first_name: str, last_name: str) -> str:
    """First name and initial: `An Peeters` → `An P.`"""
    initial = last_name.strip()[:1]
    return f"{first_name.strip()} {initial}." if initial else first_name.strip()
