"""One object from a name; a sentence is translated alike alone, among others and as part of a
text.
"""

import math

import numpy as np
import pytest

from captioner.errors import ConfigError, ModelError
from captioner.pipeline import Candidate, Translator, load, load_captioner, load_translator
from captioner.pipeline.pieces import BATCH_SIZE
from captioner.pipeline.result import ChainedCandidate
from captioner.preprocess.text import pad_sources
from captioner.preprocess.tokenization import words_of_subwords

SENTENCES = [
    "two dogs play",
    "a",
    "zwei Hunde",
    "two dogs play in the snow.",
    "",
    "写真",
    "snow, snow!",
    "   ",
    "in the",
]


@pytest.fixture
def model(make_sentence_model) -> Translator:
    return Translator(make_sentence_model(), "tiny")


def told(result):
    return [(one.text, one.words) for one in result.candidates]


@pytest.mark.parametrize(
    "options", [{}, {"beam_size": 1}, {"num_captions": 2}, {"num_captions": 5}]
)
def test_a_list_gives_the_translations_of_each_alone(model, options):
    results = model.translate(SENTENCES, **options)
    assert [result.source for result in results] == SENTENCES
    for sentence, result in zip(SENTENCES, results, strict=True):
        alone = model.translate(sentence, **options)
        assert told(result) == told(alone)
        assert result.log_prob == pytest.approx(alone.log_prob, abs=1e-4)
        np.testing.assert_allclose(result.attention, alone.attention, atol=1e-5)
    assert model.translate([]) == []


def test_more_sentences_than_a_batch_come_back_in_order(model):
    sentences = [f"{'snow ' * (number % 4)}{number}" for number in range(BATCH_SIZE + 3)]
    results = model.translate(sentences, beam_size=1)
    assert [result.source for result in results] == sentences
    for number in (0, 7, BATCH_SIZE, BATCH_SIZE + 2):
        assert told(results[number]) == told(model.translate(sentences[number], beam_size=1))


def test_one_that_reaches_its_own_limit_leaves_a_large_batch(model):
    options = {"max_length_ratio": 1.0, "max_length": 30}
    results = model.translate(["a", *["two dogs play in the snow"] * 30], **options)
    assert told(results[0]) == told(model.translate("a", **options))


@pytest.mark.parametrize(
    "nothing", ["", " ", "\t\n", "\u3000", "42", "- 3:15 …\r\n* * *", "👩‍👩‍👧"]
)
def test_what_has_no_letter_stays_as_it_is(model, nothing):
    result = model.translate(nothing, num_captions=3)
    assert (result.source, result.text, result.log_prob, result.num_pieces) == (
        nothing,
        nothing,
        0.0,
        0,
    )
    assert result.sentences == ()
    assert len(result.candidates) == 1
    assert result.candidates[0].words == result.source_words == tuple(nothing.split())
    assert result.alignments == tuple((number, number) for number in range(len(nothing.split())))
    np.testing.assert_array_equal(result.attention, np.eye(len(nothing.split())))


def test_white_space_within_a_sentence_counts_once(model):
    plain = model.translate("two dogs play")
    spaced = model.translate("two\tdogs \u3000play")
    assert told(spaced) == told(plain)
    assert spaced.source_words == plain.source_words
    assert spaced.source == "two\tdogs \u3000play"


@pytest.mark.parametrize(
    ("plain", "other"),
    [
        ("the dog's snow isn't", "the dog’s snow isn´t"),
        ('the "dogs" play', "the “dogs” play"),
        ('the "dogs" play', "the «dogs» play"),
        ("café fish", "cafe\u0301 ﬁsh"),
        ("two dogs", "Ｔwo dogs".lower()),
        ("two dogs play", "\ufefft\u00adwo\u00a0do\u200bgs \u2009play"),
        ("two dogs - play", "two dogs — play"),
    ],
)
def test_what_looks_alike_is_translated_alike(model, plain, other):
    expected, got = model.translate(plain), model.translate(other)
    assert told(got) == told(expected)
    np.testing.assert_array_equal(got.attention, expected.attention)
    assert got.source_words == tuple(other.split())


def test_attention_keeps_the_words_of_the_source_however_they_are_read(model):
    result = model.translate("« two » dogs—snow \u200b play \u200b")
    assert result.attention.shape == (len(result.candidates[0].words), 7)
    assert not result.attention[:, [0, 2, 4, 6]].any()
    assert result.attention[:, [1, 3, 5]].sum(1) == pytest.approx(result.attention.sum(1))


def test_numbers_and_addresses_are_in_every_translation_whatever_the_model_writes(model):
    text = "two 47 dogs, 3.50 play in https://example.com/snow?a=b. Write to a@b.org!"
    result = model.translate(text, num_captions=3)
    for one in result.candidates:
        for literal in ("47", "3.50", "https://example.com/snow?a=b", "a@b.org"):
            assert one.text.count(literal) == 1
        assert one.words == tuple(one.text.split())
        assert len(one.word_log_probs) == len(one.words)
        assert one.attention.shape == (len(one.words), len(text.split()))


def test_names_that_training_did_not_show_are_in_every_translation(make_sentence_model):
    model = make_sentence_model()
    model.config.known_words = "two dogs play with in the snow"
    assert "Szymon" in Translator(model, "tiny").translate("the dogs play with Szymon.").text


def test_a_model_knows_its_languages(make_sentence_model):
    model = make_sentence_model()
    result = Translator(model, "tiny").translate("Two dogs.")
    assert (result.source_language, result.target_language) == ("en", "")
    model.config.directions = [["de", "fr"]]
    result = Translator(model, "tiny").translate("Two dogs.")
    assert (result.source_language, result.target_language) == ("de", "fr")


@pytest.fixture
def six_ways(make_sentence_model):
    """A model between three languages, each of which begins with a token of its own."""
    model = make_sentence_model()
    model.config.directions = [
        ["en", "de"],
        ["de", "en"],
        ["en", "fr"],
        ["fr", "en"],
        ["de", "fr"],
        ["fr", "de"],
    ]
    model.config.language_ids = {"de": 260, "en": 261, "fr": 262}
    return Translator(model, "six")


GERMAN = "Zwei Hunde spielen heute zusammen im Schnee."
ENGLISH = "Two dogs are playing together in the snow today."
FRENCH = "Deux chiens jouent ensemble dans la neige aujourd'hui."


def test_the_language_of_each_text_is_found_out_and_the_first_from_there_is_written(six_ways):
    found = [
        (one.source_language, one.target_language)
        for one in six_ways.translate([GERMAN, ENGLISH, FRENCH])
    ]
    assert found == [("de", "en"), ("en", "de"), ("fr", "en")]


def test_one_batch_is_written_in_several_languages_as_each_text_alone(six_ways):
    together = [one.log_prob for one in six_ways.translate([GERMAN, ENGLISH, FRENCH])]
    assert together == pytest.approx(
        [six_ways.translate(one).log_prob for one in (GERMAN, ENGLISH, FRENCH)], rel=1e-4
    )
    german, french = (
        six_ways.translate(ENGLISH, source="en", target=target).log_prob for target in ("de", "fr")
    )
    assert together[1] == pytest.approx(german, rel=1e-4)
    assert abs(french - german) > 1e-3


def test_languages_that_are_given_are_taken(six_ways):
    result = six_ways.translate(GERMAN, source="en", target="fr")
    assert (result.source_language, result.target_language) == ("en", "fr")
    assert six_ways.direction(["Two dogs"], target="fr") == ("en", "fr")


@pytest.mark.parametrize("text", [GERMAN, "Guten Tag", f"- {GERMAN}\n\n 2. Das ist gut "])
def test_a_text_that_is_in_the_language_to_write_already_stays_as_it_is(six_ways, text):
    result, other = six_ways.translate([text, ENGLISH], target="de")
    assert (result.text, result.source_language, result.target_language) == (text, "de", "de")
    assert (other.source_language, other.target_language) == ("en", "de")
    assert result.attention.shape == (len(text.split()),) * 2
    assert six_ways.translate(text, source="en", target="de").source_language == "en"


@pytest.mark.parametrize("text", ["Taxi", "Kindergarten", "Anna Schmidt", "Kind!", "12:30", ""])
def test_what_languages_share_is_translated(six_ways, text):
    result = six_ways.translate(text, target="de")
    assert result.source_language in ("en", "fr") and result.target_language == "de"


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [("it", None, "from it"), (None, "it", "to it"), ("de", "de", "from de to de")],
)
def test_a_direction_that_the_model_has_not_is_named_with_those_it_has(
    six_ways, source, target, message
):
    with pytest.raises(
        ModelError, match=f"'six' does not translate {message}: it translates en to de, de to en"
    ):
        six_ways.translate(ENGLISH, source=source, target=target)


@pytest.mark.parametrize("num_captions", [1, 2])
def test_sentences_stand_as_they_stood_and_each_is_the_translation_of_it_alone(model, num_captions):
    text = "  - Two dogs play.\n  1. Snow!  The dogs\u2028in the snow\r\n\n42\x0cpp. 3 \r two\n"
    sentences = ["Two dogs play.", "Snow!", "The dogs", "in the snow", "pp. 3", "two"]
    result = model.translate(text, num_captions=num_captions)
    alone = model.translate(sentences, num_captions=num_captions)
    assert [one.source for one in result.sentences] == sentences
    for rank in range(num_captions):
        parts = [one.candidates[rank] for one in alone]
        said = [part.text for part in parts]
        laid_out = "  - {}\n  1. {}  {}\u2028{}\r\n\n42\x0c{} \r {}\n".format(*said)
        whole = result.candidates[rank]
        assert [one.candidates[rank].text for one in result.sentences] == said
        assert whole.text == laid_out
        assert whole.words == tuple(laid_out.split())
        assert len(whole.word_log_probs) == len(whole.words)
        assert whole.log_prob == pytest.approx(sum(part.log_prob for part in parts), abs=1e-4)
        assert whole.attention.shape == (len(whole.words), len(text.split()))


def test_the_attention_of_a_text_is_that_of_its_sentences(model):
    result = model.translate("- Two dogs play. Snow!\n7")
    first, second = (one.attention for one in result.sentences)
    whole = result.attention
    bottom = 1 + len(first)
    np.testing.assert_array_equal(whole[1:bottom, 1:4], first)
    np.testing.assert_array_equal(whole[bottom:-1, 4:5], second)
    assert whole[0, 0] == whole[-1, -1] == 1
    assert whole.sum() == pytest.approx(first.sum() + second.sum() + 2, abs=1e-4)
    looks = whole.argmax(1).tolist()
    assert result.alignments == tuple((source, target) for target, source in enumerate(looks))


def test_candidates_come_best_first_with_probabilities_of_their_words(model):
    result = model.translate("two dogs play", num_captions=3, beam_size=4)
    assert len(result.candidates) == 3
    best = result.candidates[0]
    assert (result.text, result.log_prob) == (best.text, best.log_prob)
    penalty = model.options().length_penalty
    assert penalty == 1
    assert len({one.log_prob for one in result.candidates}) == 3
    for one in result.candidates:
        assert one.words == tuple(one.text.split())
        assert len(one.word_log_probs) == len(one.words) == len(one.attention)
        assert all(value < 0 for value in one.word_log_probs)
        assert (
            sum(one.word_log_probs) >= one.log_prob - 1e-4
        )  # the rest is the end's, and that of white space
        assert 0 < one.confidence <= 1
        assert one.confidence == pytest.approx(math.exp(one.log_prob / (len(one.words) + 1)))


def test_each_word_looks_at_source_words_and_the_end(model):
    result = model.translate("two dogs play in the snow.", num_captions=3)
    for one in result.candidates:
        assert one.attention.shape == (len(one.words), 6)
        assert one.attention.dtype == np.float32
        assert (one.attention >= 0).all()
        assert (one.attention.sum(1) < 1).all()
        assert (one.attention.sum(1) > 0.3).all()  # but for the end's share
    peaks = result.attention.argmax(1).tolist()
    assert result.alignments == tuple((source, target) for target, source in enumerate(peaks))
    assert result.source_words == ("two", "dogs", "play", "in", "the", "snow.")


def test_a_word_has_the_look_that_followed_it_summed_by_source_words(model):
    source = "two dogs play in the snow."
    ids = model.model.tokenize([source], 99)
    memory = model.model.encode(pad_sources(ids, 2, 0))
    [[hypothesis]] = model.model.search(memory, model.options(beam_size=1))
    looks = hypothesis.attention_weights.detach().numpy()
    columns = words_of_subwords(model.model.tokens(ids[0]))
    rows = words_of_subwords(model.model.tokens(hypothesis.token_ids))
    result = model.translate(source, beam_size=1)
    for word in range(len(result.candidates[0].words)):
        followed = [
            min(number + 1, len(rows) - 1) for number, row in enumerate(rows) if row == word
        ]
        for column in range(6):
            pieces = [number for number, own in enumerate(columns) if own == column]
            assert result.attention[word, column] == pytest.approx(
                looks[np.ix_(followed, pieces)].sum(1).mean(), abs=1e-5
            )


def test_a_sentence_that_is_too_long_is_the_translations_of_its_clauses(make_sentence_model):
    model = Translator(make_sentence_model(encoder={"max_positions": 12}), "tiny")
    clauses = ["two dogs play in the snow,", "the dogs play in snow"]
    result = model.translate(" ".join(clauses), num_captions=2)
    apart = model.translate(clauses, num_captions=2)
    assert result.num_pieces == len(clauses)
    for rank in (0, 1):
        joined, parts = result.candidates[rank], [each.candidates[rank] for each in apart]
        assert joined.text == " ".join(part.text for part in parts)
        assert joined.words == tuple(word for part in parts for word in part.words)
        assert joined.log_prob == pytest.approx(sum(part.log_prob for part in parts), abs=1e-4)
        assert len(joined.word_log_probs) == len(joined.words)
    assert result.attention.shape == (len(result.candidates[0].words), len(result.source_words))


def test_a_word_that_is_too_long_stays_one_column(model):
    word = "x" * 100
    result = model.translate(f"two {word} dogs")
    assert result.num_pieces > 2
    assert result.attention.shape == (len(result.candidates[0].words), 3)
    assert {source for source, _ in result.alignments} <= {0, 1, 2}


@pytest.mark.parametrize("ten_words", ["snow " * 10, "snow " * 9 + "snow. "])
def test_ten_thousand_words_are_translated(model, ten_words):
    result = model.translate(ten_words * 1000, beam_size=1, max_length=1)
    assert len(result.source_words) == 10_000
    assert result.num_pieces > 300
    assert [target for _, target in result.alignments] == list(
        range(len(result.candidates[0].words))
    )
    assert max(source for source, _ in result.alignments) > 9_900


def test_a_long_text_keeps_no_matrix_of_all_its_words():
    part = Candidate("a b", -1.0, ("a", "b"), (-0.5, -0.5), np.eye(2, dtype=np.float32))
    nothing = Candidate("", 0.0, (), (), np.zeros((0, 3), np.float32))
    whole = ChainedCandidate("a b\na b", [part, nothing, part], [0, 2, 4])
    assert (whole.text, whole.log_prob, whole.words) == ("a b\na b", -2.0, ("a", "b", "a", "b"))
    assert whole.attention.shape == (4, 6)
    assert whole.most_looked_at == (0, 1, 4, 5)
    assert np.array_equal(whole.attention.argmax(1), whole.most_looked_at)
    assert whole.confidence == pytest.approx(math.exp(-2 / 5))
    assert not any(isinstance(value, np.ndarray) for value in vars(whole).values())


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800 dogs", "</s> <pad>", "👩‍👩‍👧 " * 9, "\x1c!\x1d", "e\u0301" * 50]
)
def test_any_text_is_translated_to_finite_numbers(model, text):
    result = model.translate(text, num_captions=3)
    for one in result.candidates:
        one.text.encode()
        assert math.isfinite(one.log_prob)
        assert np.isfinite(one.attention).all()
        assert one.attention.shape == (len(one.words), len(result.source_words))


def test_bad_options_are_named(model):
    with pytest.raises(ConfigError, match="beam_size"):
        model.translate("two", beam_size=0)
    with pytest.raises(ConfigError, match="beams"):
        model.translate("two", beams=3)


def test_saved_and_loaded_it_says_the_same(model, sentence_model_folder):
    loaded = load(sentence_model_folder, device="cpu")
    assert isinstance(loaded, Translator)
    assert loaded.name == "en-de"
    for sentence, result in zip(SENTENCES, loaded.translate(SENTENCES), strict=True):
        assert told(result) == told(model.translate(sentence))


def test_models_of_another_kind_are_named(sentence_model_folder, model_folder):
    with pytest.raises(ModelError, match="captioner translate"):
        load_captioner(sentence_model_folder, device="cpu")
    with pytest.raises(ModelError, match="captioner caption"):
        load_translator(model_folder, device="cpu")


def test_a_model_of_photos_is_no_translator(make_model):
    with pytest.raises(ModelError, match="kind image"):
        Translator(make_model(), "photos")
