"""Forty hard texts: no sentence is lost in any, and what must be copied is there."""

import pytest

from captioner.pipeline import Translator, load_translator

# A text, how many sentences it has, and what must be in the translation as it is.
HARD: list[tuple[str, int, list[str]]] = [
    ("Two dogs run. A man sits.", 2, []),
    ("A man laughs! Who is he? He is a teacher.", 3, []),
    ("Dr. Smith and Mrs. Jones sit on a bench. They talk.", 2, []),
    ("The dog sleeps... The cat plays.", 2, []),
    ("A boy eats. (A girl drinks.) They smile.", 3, []),
    ("“Stop!” he shouts. The dog stops.", 2, []),
    ('"I like dogs," says the girl. "And I like cats."', 2, []),
    ("The man’s dog runs. It isn’t fast.", 2, []),
    ("- A dog\n- A cat\n- Two birds", 3, ["\n- "]),
    ("1. Open the door.\n2. Walk into the house.\n3. Sit down.", 3, ["1. ", "\n2. ", "\n3. "]),
    ("  * A red car\n    * A blue car\n", 2, ["  * ", "\n    * "]),
    (
        "# A day in the park\n\nTwo children play. Their mother watches them.\n\nThe sun shines.",
        4,
        ["# ", "\n\n"],
    ),
    ("A man sits.\r\nA woman stands.\r\n", 2, ["\r\n"]),
    ("One line.\u2028Another line.\x0cA new page.\rAn old Mac.", 4, ["\u2028", "\x0c", "\r"]),
    ("There are 350 people in the park. 12 of them dance.", 2, ["350", "12"]),
    (
        "The race starts at 10:30 on 24/12/2023. It costs $1,250.50.",
        2,
        ["10:30", "24/12/2023", "$1,250.50"],
    ),
    (
        "Visit https://example.com/dogs?id=7 for pictures. Write to jane.doe@example.com!",
        2,
        ["https://example.com/dogs?id=7", "jane.doe@example.com"],
    ),
    ("The girl types `print(x)` on a computer. It prints 42.", 2, ["`print(x)`", "42"]),
    ("Wolodymyr and Aoife play guitar. Szymon sings.", 2, ["Wolodymyr", "Aoife", "Szymon"]),
    ("The children visit Ljubljana. They like it.", 2, ["Ljubljana"]),
    ("I love this dog 😀 It is so small 🐕!", 2, ["😀", "🐕!"]),
    ("A family 👩\u200d👩\u200d👧 eats. They are happy ❤️.", 2, ["❤️."]),
    ("Where is the dog? Is it in the house? No!", 3, []),
    ("What a day! The sun shines! Everybody swims!", 3, []),
    ("A MAN RIDES A HORSE. A WOMAN WATCHES.", 2, []),
    ("STOP! NO DOGS!", 2, []),
    ("Teh dogg runs acros the feild. A mann sitts.", 2, []),
    ("a dog runs. a man sits. a child plays.", 3, []),
    ("The  dog\truns.   A man   sits.", 2, ["   "]),
    ("A man sits; a woman stands: they wait.", 1, []),
    ("He lives in the U.S. She lives in Paris.", 2, []),
    ("A dog, a cat, a bird, etc. play. People watch.", 2, []),
    ("The price is 3.50. The bag weighs 2.5 kg.", 2, ["3.50", "2.5"]),
    ("It was 5 p.m. in the city. People went home.", 2, []),
    ("A man—tall and old—walks. A dog follows – slowly.", 2, []),
    ("„Hallo“, says the man. «Bonjour», says the woman.", 2, []),
    ("caf\xe9 cafe\u0301: the \ufb01sh is good. \uff34\uff57\uff4f people eat.", 2, []),
    ("zero\u200bwidth and so\xadft. A \ufeffdog runs.", 2, []),
    ("No end of the sentence\n\n\nand no capital letters here", 2, ["\n\n\n"]),
    ("Yes. No. Maybe. OK.", 4, []),
]


@pytest.fixture(scope="module")
def translator() -> Translator:
    return load_translator("en-de-fr", device="cpu")


@pytest.mark.slow
def test_no_sentence_is_lost_in_hard_texts(translator):
    """Greedy search suffices: what is asked holds whatever the model writes."""
    texts = [text for text, _, _ in HARD]
    for (text, num_sentences, kept), result in zip(
        HARD, translator.translate(texts, source="en", beam_size=1), strict=True
    ):
        assert len(result.sentences) == num_sentences, text
        assert all(
            any(sign.isalnum() for sign in sentence.text) for sentence in result.sentences
        ), text
        missing = [literal for literal in kept if literal not in result.text]
        assert not missing, (text, result.text)
        assert (
            result.text.splitlines(keepends=True)[0][-1:].isspace()
            == text.splitlines(keepends=True)[0][-1:].isspace()
        )
        assert len(result.text.splitlines()) == len(text.splitlines()), text


def test_equal_texts_are_translated_alike(translator):
    plain = ["The man's dog runs.", 'A "good" dog.', "A caf\u00e9 with fish."]
    typographic = [
        "The man\u2019s dog runs.",
        "A \u201cgood\u201d dog.",
        "A cafe\u0301 with \ufb01sh.",
    ]
    for one, other in zip(
        translator.translate(plain, source="en"),
        translator.translate(typographic, source="en"),
        strict=True,
    ):
        assert one.text == other.text


def test_capitals_stay_capitals(translator):
    text = translator.translate("TWO DOGS RUN. A MAN SITS.", source="en").text
    assert (
        text.isupper()
        and text == translator.translate("Two dogs run. A man sits.", source="en").text.upper()
    )
