"""An owner finds, books and pays a caregiver; over HTTP, in both shapes of the product."""

from concurrent.futures import ThreadPoolExecutor

from tests.support.people import (
    address,
    booking,
    caregiver,
    local,
    money,
    pay,
    pet,
    profile_body,
    quote,
    request,
    request_body,
    sign_in,
    someone,
)
from tests.support.product import Product, eventually, ok, problem, text_of


def test_an_owner_finds_books_and_pays_a_caregiver_who_hears_of_it(product: Product) -> None:
    sitter = caregiver(product, address("bart"), place="Ghent")
    owner = someone(product, address("an"))
    bobbie = pet(owner)

    found = ok(product.client().get("/api/caregivers", params={"place": "Gand", "service": "dog_walking", "limit": 50}))
    card = next(item for item in found["items"] if item["id"] == sitter.id)
    assert card["displayName"] == "Bart C."
    assert card["distanceKm"] == 0.0
    page = ok(product.client().get(f"/api/caregivers/{sitter.id}"))
    assert page["cancellationPolicy"] == "flexible"

    priced = quote(owner, sitter.id, [bobbie])
    assert priced["gross"] == money(1800)
    asked = request(owner, priced["id"])
    assert asked["status"] == "pending"
    assert asked["caregiver"] == {"id": sitter.id, "displayName": "Bart C."}
    assert "commission" not in asked

    accepted = ok(sitter.client.post(f"/api/bookings/{asked['id']}/accept"))
    assert accepted["status"] == "accepted"
    assert accepted["commission"] == money(360)
    assert accepted["net"] == money(1440)
    pay(owner, asked["id"])

    assert booking(owner, asked["id"])["caregiver"]["displayName"] == "Bart Claes"
    assert booking(sitter, asked["id"])["owner"]["displayName"] == "An Peeters"
    for query in ({"role": "owner", "status": "paid", "from": "2026-01-01T00:00:00Z"}, {"to": "2100-01-01T00:00:00Z"}):
        assert [item["id"] for item in ok(owner.client.get("/api/bookings", params=query))["items"]] == [asked["id"]]
    history = ok(owner.client.get(f"/api/bookings/{asked['id']}/history"))["items"]
    assert [step["toStatus"] for step in history] == ["pending", "accepted", "paid"]
    # The owner: verify, welcome, accepted, paid. The caregiver: verify, welcome, approved, requested, paid.
    eventually(lambda: len(product.mails_to(owner.email)) == 4, what="the owner's mails")
    eventually(lambda: len(product.mails_to(sitter.person.email)) == 5, what="the caregiver's mails")


def test_a_paid_booking_reveals_how_to_reach_the_other_party(product: Product) -> None:
    sitter = caregiver(product, address("bart"))
    owner = someone(product, address("an"))
    ok(owner.client.patch("/api/me", json={"phone": "+32 470 11 22 33", "address": "Veldstraat 1, 9000 Gent"}))
    asked = request(owner, quote(owner, sitter.id, [pet(owner)])["id"])
    contact = f"/api/bookings/{asked['id']}/contact"
    assert "pending" in problem(sitter.client.get(contact), 409)["detail"]
    ok(sitter.client.post(f"/api/bookings/{asked['id']}/accept"))
    problem(owner.client.get(contact), 409)
    pay(owner, asked["id"])

    seen = sitter.client.get(contact)
    assert seen.headers["cache-control"] == "no-store"
    assert ok(seen)["owner"] == {
        "id": owner.id,
        "firstName": "An",
        "lastName": "Peeters",
        "phone": "+32 470 11 22 33",
        "address": "Veldstraat 1, 9000 Gent",
    }
    assert ok(seen)["emergencyContact"] == {"name": "Jan", "phone": "+32 470 12 34 56"}
    assert ok(owner.client.get(contact))["caregiver"]["lastName"] == "Claes"
    stranger = someone(product, address("stef"))
    problem(stranger.client.get(contact), 404)


def test_the_mail_of_an_instant_booking_asks_for_no_answer(product: Product) -> None:
    sitter = caregiver(product, address("bart"), instantBook=True)
    owner = someone(product, address("an"))
    asked = request(owner, quote(owner, sitter.id, [pet(owner)])["id"])
    assert asked["status"] == "accepted"
    mail = eventually(
        lambda: next((m for m in product.mails_to(sitter.person.email) if asked["id"] in text_of(m)), None),
        what="the mail about the request",
    )
    assert "direct boeken" in text_of(mail)
    assert "vervalt de aanvraag" not in text_of(mail)


def test_far_ahead_the_owner_is_told_when_paying_begins(product: Product) -> None:
    sitter = caregiver(product, address("bart"))
    owner = someone(product, address("an"), language="en")
    asked = request(owner, quote(owner, sitter.id, [pet(owner)], startAt=local(120, 9), endAt=local(120, 10))["id"])
    accepted = ok(sitter.client.post(f"/api/bookings/{asked['id']}/accept"))
    assert accepted["payWindowOpensAt"] > accepted["acceptedAt"]
    refused = problem(owner.client.post(f"/api/bookings/{asked['id']}/payment"), 409)
    assert refused["type"].endswith("/pay-window-not-open")
    mail = eventually(
        lambda: next((m for m in product.mails_to(owner.email) if asked["id"] in text_of(m)), None),
        what="the mail about the acceptance",
    )
    assert "You can pay" in text_of(mail)
    assert "We will write again" in text_of(mail)


def test_following_a_link_and_saving_many_times_at_once_harms_nobody(product: Product) -> None:
    sitter = caregiver(product, address("bart"))
    client = sitter.client

    def save(at: int) -> int:
        body = profile_body(bio=f"Text {at}")
        return (
            client.put("/api/caregivers/me", json=body).status_code
            if at % 2
            else client.patch("/api/me", json={"firstName": f"Bart{at}"}).status_code
        )

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(save, range(16))) == {200}


def test_cancelling_gives_back_what_the_preview_said(product: Product) -> None:
    sitter = caregiver(product, address("bart"), cancellationPolicy="moderate")
    owner = someone(product, address("an"), language="en")
    asked = request(owner, quote(owner, sitter.id, [pet(owner)])["id"])
    ok(sitter.client.post(f"/api/bookings/{asked['id']}/accept"))
    pay(owner, asked["id"])

    preview = ok(owner.client.get(f"/api/bookings/{asked['id']}/cancellation-preview"))
    assert preview["policy"] == "moderate"
    assert preview["refund"] == money(900)
    assert preview["fee"] == money(900)
    cancelled = ok(owner.client.post(f"/api/bookings/{asked['id']}/cancel", json={"reason": "Holiday cancelled"}))
    assert cancelled["status"] == "cancelled"
    assert cancelled["refunded"] == money(900)
    again = ok(owner.client.post(f"/api/bookings/{asked['id']}/cancel"))
    assert again["refunded"] == money(900)

    told = eventually(
        lambda: [mail for mail in product.mails_to(owner.email) if "9.00" in text_of(mail)],
        what="the mails with the refund",
    )
    assert told


def test_a_declined_request_frees_the_place(product: Product) -> None:
    sitter = caregiver(product, address("bart"), maxAnimalsAtOnce=1)
    owner = someone(product, address("an"))
    rex = pet(owner)
    first = request(owner, quote(owner, sitter.id, [rex])["id"])
    second = quote(owner, sitter.id, [rex])
    refused = owner.client.post("/api/bookings", json=request_body(second["id"]))
    assert problem(refused, 409)["type"].endswith("slot-taken")

    ok(sitter.client.post(f"/api/bookings/{first['id']}/decline", json={"reason": "I am away"}))
    assert request(owner, second["id"])["status"] == "pending"


def test_every_service_can_be_quoted_in_its_own_unit(product: Product) -> None:
    prices = {
        "dog_walking": 1000,
        "group_dog_walking": 1100,
        "dog_training": 1200,
        "pet_sitting": 1300,
        "pet_boarding": 1400,
        "home_care": 1500,
        "pet_transport": 1600,
        "small_animal_care": 1700,
        "event_companion": 1800,
    }
    offers = [{"service": name, "price": money(cents), "extraPetPrice": money(0)} for name, cents in prices.items()]
    sitter = caregiver(product, address("bart"), offers=offers)
    owner = someone(product, address("an"))
    rex = pet(owner)
    by_night = {"pet_sitting", "pet_boarding"}
    for service, cents in prices.items():
        period = {"startAt": local(5, 18), "endAt": local(7, 9)} if service in by_night else {}
        priced = quote(owner, sitter.id, [rex], service=service, **period)
        assert priced["gross"] == money(cents * 2 if service in by_night else cents), service


def test_every_filter_of_the_search_finds_who_fits_and_hides_who_does_not(product: Product) -> None:
    sitter = caregiver(product, address("bart"), place="Durbuy", postalCode="6940", instantBook=True, languages=["fr"])
    fitting = {
        "place": "Durbuy",
        "radiusKm": "5",
        "country": "BE",
        "service": "dog_walking",
        "animal": "dog",
        "size": "m",
        "minPriceCents": "1800",
        "maxPriceCents": "1800",
        "minRating": "0",
        "instantBook": "true",
        "language": "fr",
        "sort": "distance",
        "limit": "50",
    }
    client = product.client()
    found = ok(client.get("/api/caregivers", params=fitting))["items"]
    assert [item["id"] for item in found] == [sitter.id]
    other = {
        "place": "Groningen",
        "country": "NL",
        "service": "dog_training",
        "animal": "fish",
        "minPriceCents": "1801",
        "maxPriceCents": "1799",
        "minRating": "1",
        "instantBook": "false",
        "badge": "insured",
        "language": "en",
    }
    for name, value in other.items():
        params = (
            fitting | {name: value} | ({"place": "Groningen", "country": "NL"} if value in ("NL", "Groningen") else {})
        )
        assert ok(client.get("/api/caregivers", params=params))["items"] == [], name


def test_what_a_caregiver_reads_may_be_written_back(product: Product) -> None:
    sitter = caregiver(product, address("bart"))
    mine = ok(sitter.client.get("/api/caregivers/me"))
    body = {name: mine[name] for name in (*profile_body(), "photos")}
    assert ok(sitter.client.put("/api/caregivers/me", json=body)) == mine


def test_whoever_wrote_reads_his_own_write_at_once(product: Product) -> None:
    sitter = caregiver(product, address("bart"))
    before = product.client().get(f"/api/caregivers/{sitter.id}")
    again = product.client().get(f"/api/caregivers/{sitter.id}", headers={"if-none-match": before.headers["etag"]})
    assert again.status_code == 304
    ok(sitter.client.put("/api/caregivers/me", json=profile_body(bio="A new text")))
    for at in range(product.api_processes):
        assert ok(product.client(at).get(f"/api/caregivers/{sitter.id}"))["bio"] == "A new text"


def test_a_signed_out_session_is_over_on_every_process(product: Product) -> None:
    owner = someone(product, address("an"))
    other = sign_in(product, owner.email, at=product.api_processes - 1)
    ok(owner.client.post("/api/auth/logout", json={"refreshToken": other.refresh_token}), 204)
    problem(other.client.get("/api/me"), 401)
    assert ok(owner.client.get("/api/me"))["email"] == owner.email
