"""A translation as HTML: a row a word, a column a word of the sentence, all of it escaped."""

import html
import re

import numpy as np

from captioner.pipeline.chaining import chain_sentences
from captioner.pipeline.result import Candidate, SentenceResult, TranslationResult
from captioner.preprocess.sentences import cut_sentences
from captioner.web.translation_view import MOST_WORDS, refusal_view, translation_view


def translated(text: str, *translations: str) -> TranslationResult:
    """A text whose sentences have these translations, each of them twice."""
    layout = cut_sentences(text)
    found = []
    for sentence, translation in zip(layout.sentences, translations, strict=True):
        words, width = tuple(translation.split()), len(sentence.split())
        attention = np.linspace(0, 1, len(words) * width).reshape(len(words), width)
        found.append(
            SentenceResult(
                (Candidate(translation, -1.0, words, (-0.1,) * len(words), attention),) * 2,
                sentence,
            )
        )
    return chain_sentences(text, layout, found, "en", "de")


def test_the_matrix_has_a_cell_for_each_pair_of_words():
    page = translation_view(translated("two brown dogs", "zwei Hunde"), "two brown dogs")
    assert re.findall(r'<th scope="col"><span>(\w+)', page) == ["two", "brown", "dogs"]
    assert re.findall(r'<th scope="row"[^>]*>(\w+)', page) == ["zwei", "Hunde"]
    weights = [float(weight) for weight in re.findall(r"--weight:([\d.]+)", page)]
    assert weights == sorted(weights)
    assert len(weights) == 6
    assert page.count("<li>") == 2


def test_words_are_escaped():
    page = translation_view(translated("<script>alert(1)</script>", '<b> "x"'), "two dogs", "<i>")
    assert "<b> " not in page and "<i>" not in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_question_stands_with_its_answer_to_the_letter():
    question = "two  <b>\"dogs\"\n & 'cats'"
    page = translation_view(translated("two", "zwei"), question)
    (kept,) = re.findall(r'data-question="([^"]*)"', page)
    assert html.unescape(kept) == question and "<" not in kept


def test_sentences_stand_as_the_text_has_them_and_under_those_of_the_source():
    text = "- Two dogs <run>.\n\n- It is a dog."
    page = translation_view(
        translated(text, "Zwei Hunde <rennen>.", "Es ist ein Hund."),
        text,
        "English to German",
        "en",
    )
    assert (
        '<p class="best" dir="auto">- <span data-pair="0">Zwei Hunde &lt;rennen&gt;.</span>\n\n'
        '- <span data-pair="1">Es ist ein Hund.</span></p>'
    ) in page
    pairs = re.findall(
        r'<li data-pair="(\d)"><p class="quiet" dir="auto">(.*?)</p><p dir="auto">(.*?)</p>', page
    )
    assert pairs == [
        ("0", "Two dogs &lt;run&gt;.", "Zwei Hunde &lt;rennen&gt;."),
        ("1", "It is a dog.", "Es ist ein Hund."),
    ]
    assert page.count("<table") == 2
    assert page.count('<ol class="ranked"') == 2
    assert 'data-source="en"' in page and "English to German" in page


def test_equal_and_empty_translations_are_told_apart_by_their_place():
    page = translation_view(translated("A dog. A dog. A cat.", "Ja.", "", "Ja."), "")
    assert re.findall(r'<span data-pair="(\d)">(.*?)</span>', page) == [
        ("0", "Ja."),
        ("1", ""),
        ("2", "Ja."),
    ]


def test_a_doubtful_sentence_is_marked():
    sentence = (
        "A man in a red shirt and a woman in a green dress walk along a street with two dogs."
    )
    page = translation_view(translated(f"A dog. {sentence}", "Ein Hund.", "Ein"), "")
    assert page.count('class="unsure"') == 1
    assert "may lack something" in page.split('<li data-pair="1">')[1]
    assert "may lack something" in translation_view(translated(sentence, "Ein"), "")


def test_a_sentence_of_too_many_words_has_no_matrix():
    words = " ".join(["word"] * MOST_WORDS)
    assert "<table" in translation_view(translated(words, words), "")
    page = translation_view(translated(f"{words} more", words), "")
    assert "<table" not in page and f"More than {MOST_WORDS} words" in page


def test_what_has_no_letter_is_shown_as_it_stands():
    page = translation_view(translated("12:30"), "12:30")
    assert '<p class="best" dir="auto">12:30</p>' in page


def test_a_refusal_is_escaped_and_stands_with_its_question():
    page = refusal_view("Not <so>.", 'a "b"')
    assert "Not &lt;so&gt;." in page and 'data-question="a &quot;b&quot;"' in page
