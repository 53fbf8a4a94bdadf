"""What must turn up nowhere: each by its kind."""

PLANTED = {
    "name": "Wilhelmina Vanderplanten",
    "email": "wilhelmina.vanderplanten@planted.example",
    "phone": "+32 470 98 76 54",
    "national phone": "0470 98 76 54",
    "iban": "BE68 5390 0754 7034",
    "iban without spaces": "NL91ABNA0417164300",
    "card": "4242 4242 4242 4242",
    "card without spaces": "5555555555554444",
    "token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "key": "sk_live_51PlantedPlanted",
}


def planted_error() -> BaseException:
    """An exception that tells everything."""
    try:
        raise RuntimeError(" ".join(PLANTED.values()))
    except RuntimeError as error:
        return error
