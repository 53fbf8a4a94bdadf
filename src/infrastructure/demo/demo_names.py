"""What the people and animals of the demonstration are called."""

from random import Random

from domain.pets.pet import Animal
from domain.shared.languages import Language


def _names(listed: str) -> tuple[str, ...]:
    return tuple(listed.split(", "))


_FIRST_NAMES = {
    Language.NL: _names(
        "Anneleen, Bart, Britt, Daan, Eline, Fleur, Femke, Geert, Hanne, Ilse, Jeroen, Joke, Joris, "
        "Katrien, Koen, Lien, Lotte, Maarten, Marieke, Merel, Niels, Noor, Pieter, Roos, Ruben, Sanne, "
        "Sara, Sien, Stijn, Teun, Thijs, Tine, Tom, Veerle, Wim, Wout, Yara, Zoë"
    ),
    Language.FR: _names(
        "Amélie, Antoine, Aurélie, Baptiste, Camille, Céline, Chloé, Damien, Élodie, Émilie, Florence, "
        "Gaëlle, Guillaume, Hélène, Inès, Julien, Justine, Laurent, Léa, Lucas, Manon, Marie, Mathieu, "
        "Nathalie, Nicolas, Noémie, Olivier, Pauline, Quentin, Romain, Sophie, Théo, Valérie, Xavier"
    ),
}

# Real family names that hold "test", "demo", "null", "bot" or "mock": nobody is hidden for what his name contains.
_LAST_NAMES = {
    Language.NL: _names(
        "Aerts, Bakker, Botman, Claes, Claessens, Cools, Dekker, Demolder, Demoor, Desmet, Dijkstra, "
        "Goossens, Hendriks, Hermans, Jacobs, Jansen, Janssens, Kuipers, Maes, Martens, Meijer, Mulder, "
        "Nullens, Peeters, Postma, Smeets, Smit, Testelmans, Verhoeven, Vermeulen, Visser, Willems, "
        "Wouters, Van Damme, van den Berg, Van den Broeck, van der Meer, Van de Velde, de Jong, De "
        "Clercq, de Boer"
    ),
    Language.FR: _names(
        "Bodart, Botton, Charlier, Collard, Debroux, Demoulin, Denis, Deprez, Dubois, Dupont, Evrard, "
        "Fontaine, François, Gérard, Gillet, Hubert, Lambert, Lecomte, Legrand, Lejeune, Leroy, Marchal, "
        "Mathieu, Mercier, Mockel, Moreau, Noël, Petit, Renard, Rousseau, Servais, Simon, Testard, Thiry, "
        "Wauters"
    ),
}

_PET_NAMES = {
    Animal.DOG: _names(
        "Bobbie, Max, Luna, Nala, Rex, Bella, Pip, Storm, Sam, Kaya, Guus, Moos, Saartje, Tarzan, Balou, Filou"
    ),
    Animal.CAT: _names("Minoes, Poes, Felix, Tijger, Simba, Minette, Kitty, Mila, Pluis, Caramel, Gribouille"),
    Animal.SMALL_ANIMAL: _names("Stamper, Knabbel, Babbel, Flappie, Noisette"),
    Animal.BIRD: _names("Pietje, Coco, Kiwi, Rio"),
    Animal.SMALL_LIVESTOCK: _names("Tok, Gertrude, Blanquette, Mie"),
}
_BREEDS = {
    Animal.DOG: ("Labrador", "Border collie", "Teckel", "Mechelse herder", "Golden retriever", "Beagle", None),
    Animal.CAT: ("Europese korthaar", "Maine coon", "Brits korthaar", None),
    Animal.SMALL_ANIMAL: ("Konijn", "Cavia"),
    Animal.BIRD: ("Parkiet", "Kanarie"),
    Animal.SMALL_LIVESTOCK: ("Kip", "Geit"),
}


def person_name(random: Random, language: Language) -> tuple[str, str]:
    """First and last name of somebody who speaks Dutch or French."""
    return random.choice(_FIRST_NAMES[language]), random.choice(_LAST_NAMES[language])


def pet_name(random: Random, animal: Animal) -> str:
    return random.choice(_PET_NAMES[animal])


def breed(random: Random, animal: Animal) -> str | None:
    return random.choice(_BREEDS[animal])
