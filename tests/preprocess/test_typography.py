"""What looks alike becomes equal, what means something else stays, and each word keeps its
place.
"""

import pytest

from captioner.preprocess.typography import plain_reading, plain_text, with_quotes_of


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("", ""),
        ('The man\'s dog - a "good" one.', 'The man\'s dog - a "good" one.'),
        ("The man’s ‘dog’ don`t", "The man's 'dog' don't"),
        ("A “red” „car“", 'A "red" "car"'),
        ("ﬁsh oﬀ №", "fish off No"),
        ("Ｔｗｏ　ｄｏｇｓ！", "Two dogs!"),
        ("𝐇𝐞𝐥𝐥𝐨", "Hello"),
        ("so\u00adft ze\u200bro \ufeffbom a\u200db", "soft zero bom ab"),
        ("cafe\u0301", "caf\u00e9"),
        ("a—b – c 10–12 x−y", "a - b - c 10-12 x-y"),
        ("Wait… now", "Wait... now"),
        ("« Stop », dit-il.", '"Stop", dit-il.'),
        ("»Wer?« fragte er. «Non»", '"Wer?" fragte er. "Non"'),
        ("a\u00a0b\u202f\tc ", "a b c"),
        ("½ m² ™ ① 👩‍👩‍👧 ❤️ é́", "½ m² ™ ① 👩‍👩‍👧 ❤️ é́"),
        ("हिन्दी 写真", "हिन्दी 写真"),
        ("»", '"'),
        ("«", ""),
    ],
)
def test_one_spelling(text, plain):
    assert plain_text(text) == plain
    assert plain_text(plain) == plain


@pytest.mark.parametrize(
    ("text", "read", "in_capitals"),
    [
        ("A MAN SITS.", "A man sits.", True),
        ("STOP! NO DOGS!", "Stop! no dogs!", True),
        ("SEE WWW.X.COM/A NOW", "See WWW.X.COM/A now", True),
        ("NASA", "NASA", False),
        ("A B", "A B", False),
        ("A MAN sits", "A MAN sits", False),
    ],
)
def test_sentences_in_capitals_are_read_in_small_letters(text, read, in_capitals):
    reading = plain_reading(text.split())
    assert (reading.text, reading.in_capitals) == (read, in_capitals)


def test_each_word_keeps_its_place():
    reading = plain_reading(["a—b", "\u200b", "« ".strip(), "c", "»,", "d"])
    assert reading.words == ("a", "-", "b", '"c",', "d")
    assert reading.columns == (0, 0, 0, 3, 5)


@pytest.mark.parametrize(
    ("language", "text", "source", "expected"),
    [
        ("de", 'ein "rotes" Auto', 'a "red" car', "ein „rotes“ Auto"),
        ("de", 'ein „rotes" Auto', 'a "red" car', "ein „rotes“ Auto"),
        ("de", '"a" "b"', '"a" b', "„a“ „b“"),
        ("de", 'ein "rotes Auto', 'a "red" car', 'ein "rotes Auto'),
        ("de", 'ein "rotes" Auto', "a red car", 'ein "rotes" Auto'),
        ("fr", 'une "voiture"', 'a "car"', 'une "voiture"'),
        ("", 'ein "rotes" Auto', 'a "red" car', 'ein "rotes" Auto'),
    ],
)
def test_quotation_marks_are_those_of_the_language(language, text, source, expected):
    assert with_quotes_of(language, text, source) == expected
