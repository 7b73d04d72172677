"""A translation as HTML: a row a word, a column a word of the sentence, all of it escaped."""

import html
import re

import numpy as np

from captioner.web.translation_view import translation_view


class Made:
    def __init__(self, **fields: object) -> None:
        self.__dict__.update(fields)


def made(words: list[str], source: list[str]) -> Made:
    attention = np.linspace(0, 1, len(words) * len(source)).reshape(len(words), len(source))
    best = Made(
        text=" ".join(words),
        log_prob=-1.0,
        words=words,
        word_log_probs=[-0.1] * len(words),
        attention=attention,
    )
    return Made(candidates=[best, best], source_words=source)


def test_the_matrix_has_a_cell_for_each_pair_of_words():
    page = translation_view(made(["zwei", "Hunde"], ["two", "brown", "dogs"]), "two dogs")
    assert re.findall(r'<th scope="col"><span>(\w+)', page) == ["two", "brown", "dogs"]
    assert re.findall(r'<th scope="row"[^>]*>(\w+)', page) == ["zwei", "Hunde"]
    weights = [float(weight) for weight in re.findall(r"--weight:([\d.]+)", page)]
    assert weights == sorted(weights)
    assert len(weights) == 6
    assert page.count("<li>") == 2


def test_words_are_escaped():
    page = translation_view(made(["<b>", '"x"'], ["<script>alert(1)</script>"]), "two dogs")
    assert "<b>x" not in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_question_stands_with_its_answer_to_the_letter():
    question = "two  <b>\"dogs\"\n & 'cats'"
    page = translation_view(made(["zwei"], ["two"]), question)
    (kept,) = re.findall(r'data-question="([^"]*)"', page)
    assert html.unescape(kept) == question and "<" not in kept
