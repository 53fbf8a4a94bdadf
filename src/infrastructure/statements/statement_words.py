"""The words of statements in the languages of their readers."""

import tomllib
from functools import lru_cache
from typing import Any

from domain.caregivers.services import Service
from domain.payments.ledger import TransactionKind
from domain.shared.languages import Language
from infrastructure.mail.jinja_mail_templates import TEMPLATES

HEADINGS = {
    Language.NL: ("Datum", "Omschrijving", "Boeking", "Totaal", "Commissie", "Verdienste"),
    Language.FR: ("Date", "Description", "Réservation", "Total", "Commission", "Revenu"),
    Language.EN: ("Date", "Description", "Booking", "Gross", "Commission", "Net"),
}
TITLES = {Language.NL: "Verdiensten", Language.FR: "Revenus", Language.EN: "Earnings"}
OPENING = {Language.NL: "Beginsaldo", Language.FR: "Solde initial", Language.EN: "Opening balance"}
CLOSING = {Language.NL: "Eindsaldo", Language.FR: "Solde final", Language.EN: "Closing balance"}
MADE = {Language.NL: "Opgemaakt op", Language.FR: "Établi le", Language.EN: "Made on"}
_KINDS = {
    TransactionKind.CHARGE: ("Betaald door de eigenaar", "Payé par le propriétaire", "Paid by the owner"),
    TransactionKind.REFUND_DECIDED: (
        "Terugbetaald aan de eigenaar",
        "Remboursé au propriétaire",
        "Refunded to the owner",
    ),
    TransactionKind.CHARGEBACK_LOST: ("Teruggeboekt door de bank", "Rejeté par la banque", "Charged back by the bank"),
    TransactionKind.PAYOUT: ("Uitbetaling", "Versement", "Payout"),
    TransactionKind.REVERSAL: ("Uitbetaling teruggenomen", "Versement repris", "Payout taken back"),
}
_ORDER = (Language.NL, Language.FR, Language.EN)


def kind_in_words(kind: TransactionKind, language: Language) -> str:
    words = _KINDS.get(kind)
    return kind.value if words is None else words[_ORDER.index(language)]


def service_in_words(service: Service, language: Language) -> str:
    return _catalogue(language)["services"][service.value]


@lru_cache
def _catalogue(language: Language) -> dict[str, Any]:
    """The words that mails use, too."""
    return tomllib.loads((TEMPLATES / f"{language.value}.toml").read_text(encoding="utf-8"))
