"""Capital letters come back as training texts had them."""

from captioner.preprocess.casing import learn_casing, with_casing

TEXTS = [
    "Ein Hund rennt auf dem Gras.",
    "Zwei Hunde und ein Hund",
    "Im Gras liegt ein kleiner Hund neben einem Mountainbike-Fahrer",
    "Kinder rennen",
    "ein KLEINER hund, ein kleiner Hund",
]


def test_a_word_is_written_as_most_texts_write_it_behind_their_first_word():
    casing = learn_casing(TEXTS)
    assert casing == {
        "gras": "Gras",
        "hund": "Hund",
        "hunde": "Hunde",
        "mountainbike-fahrer": "Mountainbike-Fahrer",
    }


def test_a_text_gets_its_capitals():
    casing = learn_casing(TEXTS)
    assert (
        with_casing("der hund und zwei hunde im gras", casing) == "der Hund und zwei Hunde im Gras"
    )
    assert with_casing("l'homme et l'Été", {"homme": "Homme"}) == "l'Homme et l'Été"
    assert with_casing("der hund", {}) == "der hund"
