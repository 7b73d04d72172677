"""What a translation copies is found, and others stand in for it; what a model knows is left to
it.
"""

import pytest

from captioner.preprocess.typography import plain_reading
from captioner.preprocess.verbatim import NUM_TRIALS, StandIn, known_words, trials

KNOWN = frozenset(
    ["the", "a", "man", "dog", "dogs", "play", "plays", "in", "park", "visit", "and", "tv", "is"]
)


def copied(text: str, target: str = "de", known: frozenset[str] = KNOWN) -> list[str]:
    return [
        one.literal for one in trials(plain_reading(text.split()), "en", target, known)[0].stand_ins
    ]


@pytest.mark.parametrize(
    ("text", "literals"),
    [
        ("the dogs play in the park.", []),
        ("3 dogs, 12.5 kg; -5 (10:30) 24/12/2023!", ["3", "12.5", "-5", "10:30", "24/12/2023"]),
        ("$1,250.50 50% 3.5kg 20km/h", ["$1,250.50", "50%", "3.5kg", "20km/h"]),
        ("5°C #19 +49-30-1234", ["5°C", "#19", "+49-30-1234"]),
        ("the 18th dog and the 2nd", ["18.", "2."]),
        ("the 3-wheeler and the 5-person dog", []),
        (
            "see https://a.org/b?c=d#e. (www.x.org), x.de/y",
            ["https://a.org/b?c=d#e", "www.x.org", "x.de/y"],
        ),
        ("to j.doe@mail.co.uk; ask @user", ["j.doe@mail.co.uk", "@user"]),
        ("`x` foo() foo_bar camelCase --opt", ["`x`", "foo()", "foo_bar", "camelCase", "--opt"]),
        ("/usr/bin C:\\x.txt", ["/usr/bin", "C:\\x.txt"]),
        ("the T-800 A4 R2-D2 #tag", ["T-800", "A4", "R2-D2", "#tag"]),
        ("and/or he/she e.g. U.S. end.Next", []),
        ("the man Szymon, Aoife's dog and “Ngozi”", ["Szymon", "Aoife", "Ngozi"]),
        ("the Dog on TV is I", []),
        ("Szymon plays", ["Szymon"]),
        ("Szymon and the dog", ["Szymon"]),
        ("Szymon Quispe", ["Szymon", "Quispe"]),
        ("Tomorrow the dog plays", []),
        ("Please visit", []),
    ],
)
def test_what_is_copied(text, literals):
    assert copied(text) == literals


def test_without_the_words_that_were_read_no_name_is_unknown():
    assert copied("the man Szymon", known=frozenset()) == []


@pytest.mark.parametrize(
    ("target", "literal"), [("de", "18."), ("fr", "18e"), ("en", "18th"), ("", "18th")]
)
def test_ordinals_are_written_as_the_language_does(target, literal):
    assert copied("the 18th", target) == [literal]


def test_others_stand_in_with_the_marks_around_them():
    found = trials(plain_reading(["7", "dogs", "(www.x.org),", "8", "Szymon's"]), "en", "de", KNOWN)
    assert [trial.reading.text for trial in found][:2] == [
        "Three dogs (John), five BMX's",
        "Five dogs (BMX), four Jack's",
    ]
    assert len({trial.reading.text for trial in found}) == len(found) == NUM_TRIALS
    assert found[0].stand_ins == (
        StandIn(0, "drei", "7"),
        StandIn(2, "John", "www.x.org"),
        StandIn(3, "fünf", "8"),
        StandIn(4, "BMX", "Szymon"),
    )


def test_numbers_alone_are_also_read_as_they_are():
    found = trials(plain_reading(["7", "dogs"]), "en", "de", KNOWN)
    assert len(found) == NUM_TRIALS + 1
    assert (found[0].reading.text, found[0].stand_ins) == ("7 dogs", (StandIn(0, "7", "7"),))
    assert [trial.reading.text for trial in trials(plain_reading(["a", "7"]), "xx", "yy", KNOWN)][
        1
    ] == "a John"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Drei Hunde", ["Drei"]),
        ("dreißig", []),
        ("Johns Hund", []),
        ("drei, drei.", ["drei", "drei"]),
        ("zudrei", []),
    ],
)
def test_a_stand_in_is_found_whole(text, found):
    assert StandIn(0, "drei", "7").pattern.findall(text) == found


def test_a_genitive_keeps_its_ending():
    pattern = StandIn(0, "John", "Aoife").pattern
    assert (
        pattern.sub("Aoife", "Johns Hund und John's, Johnson, BeJohn")
        == "Aoifes Hund und Aoife's, Johnson, BeJohn"
    )


def test_words_that_are_known_were_written_small_or_twice():
    sentences = ["The dog isn't Szymon.", "a T-shirt of Ann, 12 12", "Dogs like Ann"]
    assert known_words(sentences) == "a ann dog dogs isn't like of the"
