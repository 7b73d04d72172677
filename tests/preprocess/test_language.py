"""The language of everyday sentences is found, in any spelling, and what tells nothing has a
documented answer.
"""

import subprocess
import sys

import pytest

from captioner.errors import ModelError
from captioner.preprocess.language import (
    NUM_CHARACTERS,
    _probabilities,
    detect_language,
    is_foreign,
)

LANGUAGES = ("en", "de", "fr")
SENTENCES = {
    "en": [
        "Two dogs run across a field.",
        "It's me.",
        "Where is the station?",
        "I have a cold",
        "Good morning!",
    ],
    "de": [
        "Zwei Hunde laufen über ein Feld.",
        "Ich bin es.",
        "Wo ist der Bahnhof?",
        "Guten Morgen!",
        "Das ist gut",
    ],
    "fr": [
        "Deux chiens courent dans un champ.",
        "C'est moi.",
        "Où est la gare ?",
        "J'ai froid",
        "Bonjour !",
    ],
}
FOREIGN = [
    "Hola, ¿cómo estás?",
    "De kat slaapt op de bank.",
    "Il gatto dorme sul divano.",
    "Привет",
    "こんにちは",
]


@pytest.mark.parametrize(
    ("language", "text"), [(code, text) for code in SENTENCES for text in SENTENCES[code]]
)
def test_everyday_sentences(language, text):
    assert detect_language(text, LANGUAGES) == language
    assert detect_language(text, LANGUAGES[::-1]) == language
    assert detect_language(text.upper(), LANGUAGES) == language
    assert not is_foreign(text, LANGUAGES)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("J'ai froid, c'est l'hiver.", "J’ai froid, c’est l’hiver."),
        ("Über uns", "U\u0308ber uns"),
        ("Where is it?", "Whe\u00adre\u200b is it?"),
        ("Two dogs\nrun.", "Two dogs run."),
    ],
)
def test_one_spelling_has_one_language(text, other):
    assert _probabilities(text) == _probabilities(other)


@pytest.mark.parametrize("text", ["", " \n", "12:30", "😀", "12 345", "\ud800"])
def test_what_tells_nothing_has_the_first_language_and_is_not_foreign(text):
    assert [detect_language(text, (code, "fr")) for code in ("en", "de")] == ["en", "de"]
    assert not is_foreign(text, LANGUAGES)


@pytest.mark.parametrize("text", FOREIGN)
def test_other_languages_are_noticed(text):
    assert detect_language(text, LANGUAGES) in LANGUAGES
    assert is_foreign(text, LANGUAGES)


def test_a_language_that_was_left_out_is_foreign():
    assert is_foreign(SENTENCES["fr"][0], ("en", "de"))
    assert not is_foreign(SENTENCES["fr"][0], ("en", "tlh"))


def test_a_text_is_judged_by_its_beginning():
    beginning = (SENTENCES["de"][0] + " ") * (NUM_CHARACTERS // 30)
    assert detect_language(beginning + SENTENCES["fr"][0] * 1000, LANGUAGES) == "de"


def test_the_only_language_needs_no_detector():
    code = (
        "from captioner.preprocess.language import detect_language as d; import sys;"
        " print(d('Hund', ['tlh']),"
    )
    code += " 'py3langid' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "tlh False\n"


def test_languages_that_the_detector_does_not_know():
    with pytest.raises(ModelError, match="texts in tlh, xx cannot be told"):
        detect_language("Two dogs run.", ("en", "tlh", "xx"))
