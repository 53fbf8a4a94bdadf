import pytest

from domain.accounts.email_address import EmailInvalid, folded_email, normalised_email


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("  An@Example.BE ", "an@example.be"),
        ("an.peeters+dogs@mail.example.be", "an.peeters+dogs@mail.example.be"),
        ("an@müller.de", "an@xn--mller-kva.de"),
        ("AN@MÜLLER.DE", "an@xn--mller-kva.de"),
    ],
)
def test_an_address_has_one_stored_form(text: str, email: str) -> None:
    assert normalised_email(text) == email


@pytest.mark.parametrize(
    "text",
    [
        "",
        "an",
        "@example.be",
        "an@",
        "an@example",
        "an@-example.be",
        "an@example..be",
        ".an@example.be",
        "an..b@example.be",
        "an b@example.be",
        "an@exam ple.be",
        "an@example.be\nbcc: all@example.be",
        "an@example.1",
        "ån@example.be",
        "a" * 65 + "@example.be",
        "an@" + "a" * 250 + ".be",
        "an@\ud800.be",
        "an\0@example.be",
    ],
)
def test_what_is_no_address_is_refused_by_field(text: str) -> None:
    with pytest.raises(EmailInvalid) as refusal:
        normalised_email(text)
    assert refusal.value.field == "email"


def test_folding_never_raises_so_that_unknown_addresses_are_counted_like_known_ones() -> None:
    assert folded_email(" NOT an Address ") == "not an address"
    assert folded_email("x@" + "ü" * 300) == "x@" + "ü" * 300
