"""Articles before names."""

from captioner.concepts.forms import forms, with_articles
from captioner.concepts.table import names


def test_a_name_is_followed_by_its_plural():
    assert len(forms()) == 2 * len(names())
    assert forms()[forms().index("wolf") + 1] == "wolves"


def test_articles_fit_names_and_nothing_else_is_changed():
    elephant, cheetah, hay = forms().index("elephant"), forms().index("cheetah"), forms().index("hay") + 1
    words = ["a", "elephant", "an", "cheetah", "a", "hay", "an", "apple", "the", "elephant"]
    which = [None, elephant, None, cheetah, None, hay, None, None, None, elephant]
    fitted = with_articles(words, which)
    assert fitted == ["an", "elephant", "a", "cheetah", "some", "hay", "an", "apple", "the", "elephant"]
    assert with_articles([], []) == []
