"""A text is its sentences and the layout around them, in three languages; hard ends of sentences
are known.
"""

import random

import pytest

from captioner.preprocess.sentences import cut_sentences

# A bar stands where a sentence ends.
HARD = {
    "en": """Two dogs run. |A man sits.
Dr. Smith met Mr. J. R. Jones at 5 p.m. in Washington. |They talked.
She paid $3.50 for it. |It was cheap.
"Stop!" he shouted. |Nobody moved.
“Who are you?” she asked. |“Nobody,” he said.
Wait... |What is that?
I waited... and waited.
Wait… |What is that?
Is it true? |Yes! |No?
He lives in the U.S. and works for the U.N. office.
He lives in the U.S. |She lives in France.
Visit www.example.com. |It is free.
Send it to john.doe@example.com. |Thanks!
J. P. Morgan was rich. |He died in 1913.
See Fig. 3 for details. |See also p. 12.
There are apples, pears, etc. in the bowl.
There are apples, pears, etc. |We ate them.
(He was late.) |She was not.
What?! |You can't be serious!
no capital here. |it goes on.
Tom (who was tired) slept. |Mary didn't.
Version 2.0.1 is out. |Try it.
Yahoo! is a company. |It is big.
It was 5:30. |We left.""",
    "de": """Zwei Hunde laufen. |Ein Mann sitzt.
Am 3. Oktober ist Feiertag. |Die Läden sind zu.
„Halt!“, rief er. |Niemand bewegte sich.
„Ich bin müde“, sagte sie. |„Gehen wir.“
Das kostet z. B. 3,50 Euro. |Das ist billig.
Warte … |Was ist das?
Prof. Dr. h. c. Maier spricht. |Alle hören zu.
Im 19. Jahrhundert gab es das nicht. |Heute schon.
Er aß Äpfel, Birnen usw. im Garten.
Der Zug fährt um 10.30 Uhr. |Steig ein!
»Wer ist da?«, fragte er. |»Ich.«
Die Fa. Bauer GmbH u. Co. KG baut. |Sie ist groß.
Am Mo., den 5. Mai, kommt er. |Freust du dich?""",
    "fr": """Deux chiens courent. |Un homme est assis.
M. Dupont et Mme Durand arrivent. |Ils parlent.
« Arrêtez ! » cria-t-il. |Personne ne bougea.
« Je suis fatiguée », dit-elle. |« Rentrons. »
Attends… |Qu'est-ce que c'est ?
C'est vrai ? |Oui ! |Non.
J.-P. Sartre écrivait. |Il fumait.
Il y a des pommes, etc. |Nous les mangeons.
Il habite au no. 7 de la rue. |Elle aussi.
(Il était en retard.) |Elle non.
Elle a dit : « Non. » |Il est parti.""",
}


@pytest.mark.parametrize(
    ("language", "marked"),
    [(language, line) for language, block in HARD.items() for line in block.splitlines()],
)
def test_hard_ends_of_sentences(language, marked):
    text = marked.replace("|", "")
    layout = cut_sentences(text, language)
    assert list(layout.sentences) == [one.strip() for one in marked.split("|")]
    assert layout.join(layout.sentences) == text


@pytest.mark.parametrize(
    ("text", "sentences", "gaps"),
    [
        ("", (), ("",)),
        (" \n", (), (" \n",)),
        ("12:30 — 😀!", (), ("12:30 — 😀!",)),
        (" A dog. \t The cat ", ("A dog.", "The cat"), (" ", " \t ", " ")),
        (
            "a\nb\rc\r\nd\x0ce\u2028f\x85g",
            tuple("abcdefg"),
            ("", "\n", "\r", "\r\n", "\x0c", "\u2028", "\x85", ""),
        ),
        ("- a\n  * b\n• c\n– d", ("a", "b", "c", "d"), ("- ", "\n  * ", "\n• ", "\n– ", "")),
        (
            "1. a\n2) b\n(3) c\nd) e\n- [x] f",
            ("a", "b", "c", "e", "f"),
            ("1. ", "\n2) ", "\n(3) ", "\nd) ", "\n- [x] ", ""),
        ),
        ("> ## A title\n\n#19 runs", ("A title", "#19 runs"), ("> ## ", "\n\n", "")),
        ("A dog.\n***\n\nA cat. 42.", ("A dog.", "A cat."), ("", "\n***\n\n", " 42.")),
        ("a \ud800 b", ("a ? b",), ("", "")),
        ("A dog 😀 It runs 🐕!", ("A dog", "It runs"), ("", " 😀 ", " 🐕!")),
        ("😀 A 👩‍👩‍👧 eats. ❤️ dog😀", ("A 👩‍👩‍👧 eats.", "dog😀"), ("😀 ", " ❤️ ", "")),
    ],
)
def test_layout_is_what_says_nothing(text, sentences, gaps):
    layout = cut_sentences(text)
    assert (layout.sentences, layout.gaps) == (sentences, gaps)


@pytest.mark.parametrize("language", ["en", "de", "fr", "zh", "nonesuch"])
def test_no_sign_is_lost_and_no_word_is_cut(language):
    signs = (
        "😀❤️🐕ab AB.!?…\"'“”«»()[]"
        " \n\r\x0c\u2028\x85\x1c\u00a0\u3000é😀👩\u200d👧。写\u0301-1.2)ß•*#>"
    )
    rng = random.Random(3)
    for _ in range(3000):
        text = "".join(rng.choices(signs, k=rng.randrange(30)))
        layout = cut_sentences(text, language)
        assert layout.join(layout.sentences) == text
        assert all(sentence and sentence == sentence.strip() for sentence in layout.sentences)
        pairs = zip(layout.gaps, (*layout.sentences, ""), strict=True)
        assert [
            word for gap, sentence in pairs for word in (*gap.split(), *sentence.split())
        ] == text.split()


@pytest.mark.parametrize(
    "text",
    [
        "no end here " * 50_000,
        "Wait… " * 50_000,
        '"' * 50_000,
        "« a (b [c " * 10_000,
        "a" + " " * 200_000 + "b",
    ],
)
def test_a_long_text_is_cut_in_no_time(text):
    layout = cut_sentences(text)
    assert layout.join(layout.sentences) == text
