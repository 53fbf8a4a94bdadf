"""What people see of the API in a browser."""

import pytest

from tests.support.people import address, register
from tests.support.product import Product, eventually, ok, text_of, token_in


@pytest.mark.parametrize(
    "path", ["/verify-email?token=AZPx0hN3cqiYb2cVb1mC3w.c2lnbmF0dXJl", "/reset-password?token=x&y=z"]
)
def test_a_mailed_link_opens_a_page_that_holds_nothing_of_the_link(embedded: Product, path: str) -> None:
    page = embedded.client().get(path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "AZPx0hN3cqiYb2cVb1mC3w" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]


def test_the_link_of_a_mail_leads_to_its_page(embedded: Product) -> None:
    email = address("page")
    register(embedded, email, language="fr")
    mail = eventually(lambda: next(iter(embedded.mails_to(email)), None), what="the mail")
    token = token_in(mail)
    assert f"/verify-email?token={token}" in text_of(mail)
    html = mail.get_body(("html",))
    assert html is not None
    assert html.get_content().count("token=") == 1
    client = embedded.client()
    assert client.get(f"/verify-email?token={token}").status_code == 200
    ok(client.post("/api/auth/verify-email", json={"token": token}), 204)


def test_a_forgotten_password_is_set_anew_once(embedded: Product) -> None:
    email = address("forgetful")
    register(embedded, email)
    client = embedded.client()
    ok(client.post("/api/auth/forgot-password", json={"email": email}), 204)
    ok(client.post("/api/auth/forgot-password", json={"email": address("nobody")}), 204)
    mail = eventually(
        lambda: next((mail for mail in embedded.mails_to(email) if "reset-password" in text_of(mail)), None),
        what="the mail that resets the password",
    )
    body = {"token": token_in(mail), "password": "nine brown foxes 5512"}
    ok(client.post("/api/auth/reset-password", json=body), 204)
    assert client.post("/api/auth/reset-password", json=body).status_code == 422
    ok(client.post("/api/auth/login", json={"email": email, "password": body["password"]}))
