"""The page offers the languages of a model, and takes no text for one of another language."""

import pytest

from captioner.errors import UsageError
from captioner.web.languages import FOUND, direction, source_choices, sources, target_choices

SIX = [(one, other) for one in ("en", "de", "fr") for other in ("en", "de", "fr") if one != other]
GERMAN, FRENCH = "Gestern waren wir am See.", "Hier, nous sommes allés au lac."


def test_what_is_offered():
    assert sources(SIX) == ["en", "de", "fr"]
    assert [code for _, code in source_choices(SIX)] == [FOUND, "en", "de", "fr"]
    assert [code for _, code in target_choices(SIX, "de")] == ["en", "fr"]
    assert {code for _, code in target_choices(SIX, FOUND)} == {"en", "de", "fr"}
    assert source_choices([("en", "tlh")]) == [("English", "en")]  # nothing to find
    assert target_choices([("en", "tlh")], "en") == [("tlh", "tlh")]


@pytest.mark.parametrize(
    ("text", "source", "target", "expected"),
    [
        (FRENCH, FOUND, "de", ("fr", "de")),
        (GERMAN, FOUND, FOUND, ("de", "en")),
        (GERMAN, "fr", "de", ("fr", "de")),
        ("Kindergarten", FOUND, "de", ("en", "de")),  # a word that languages share
        (GERMAN, "en", FOUND, ("en", "de")),
    ],
)
def test_a_direction(text, source, target, expected):
    assert direction(text, SIX, source, target) == expected


@pytest.mark.parametrize(
    ("directions", "source", "target", "reason"),
    [
        (SIX, FOUND, "de", "this reads like German already"),
        (
            SIX,
            "de",
            "de",
            "does not translate from German to German; it translates English to German, ",
        ),
        (SIX, "es", "de", "from es to German"),
        ([("en", "de")], "fr", FOUND, "from French; it translates English to German$"),
    ],
)
def test_no_direction(directions, source, target, reason):
    with pytest.raises(UsageError, match=reason):
        direction(GERMAN, directions, source, target)
