"""What the caregivers and owners of the demonstration write."""

from random import Random

from domain.shared.languages import Language

_OPENINGS = {
    Language.NL: (
        "Ik ben opgegroeid tussen de dieren en kan niet zonder.",
        "Al {years} jaar zorg ik voor huisdieren alsof het de mijne zijn.",
        "Overdag werk ik thuis, dus uw dier is nooit alleen.",
        "Na {years} jaar in een dierenasiel begon ik voor mezelf.",
    ),
    Language.FR: (
        "J'ai grandi au milieu des animaux et je ne peux pas m'en passer.",
        "Depuis {years} ans, je garde les animaux comme s'ils étaient les miens.",
        "Je travaille à la maison : votre animal n'est jamais seul.",
        "Après {years} ans dans un refuge, je me suis mis à mon compte.",
    ),
    Language.EN: (
        "I grew up among animals and cannot do without them.",
        "For {years} years I have cared for pets as if they were mine.",
        "I work from home, so your pet is never alone.",
        "After {years} years in a shelter I set up on my own.",
    ),
}
_OFFERS = {
    Language.NL: (
        "Wandelen doe ik in het bos, ook als het regent.",
        "Er is een omheinde tuin en een warme mand.",
        "U krijgt elke dag een bericht met een foto.",
        "Medicatie geven is voor mij geen probleem.",
    ),
    Language.FR: (
        "Les promenades se font en forêt, même sous la pluie.",
        "Il y a un jardin clôturé et un panier bien chaud.",
        "Vous recevez chaque jour un message avec une photo.",
        "Donner des médicaments ne me pose aucun problème.",
    ),
    Language.EN: (
        "We walk in the woods, also when it rains.",
        "There is a fenced garden and a warm basket.",
        "You get a message with a picture every day.",
        "Giving medicine is no problem for me.",
    ),
}
_NOTES = {
    Language.NL: ("De riem hangt achter de deur.", "Trekt een beetje bij het begin van de wandeling.", None),
    Language.FR: ("La laisse est derrière la porte.", "Un peu craintif avec les inconnus.", None),
    Language.EN: ("The lead hangs behind the door.", "Likes to sleep in the sun.", None),
}

REJECTION_REASON = "The insurance document is from last year; please send the current one."
CANCELLATION_REASONS = ("Our journey was called off.", "Somebody in the family can look after him after all.")
DECLINE_REASONS = ("I am away that day.", "That is one animal too many for me that week.", None)
DISPUTE_REASONS = ("The walks were shorter than agreed.", "Nobody came on the second day.")


def bio(random: Random, language: Language) -> str:
    """Two or three sentences without anything one could be reached by."""
    opening = random.choice(_OPENINGS[language]).format(years=random.randint(2, 25))
    return " ".join([opening, *random.sample(_OFFERS[language], random.randint(1, 2))])


def note(random: Random, language: Language) -> str | None:
    return random.choice(_NOTES[language])
