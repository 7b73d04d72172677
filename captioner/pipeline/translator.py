"""Sentences to translations: the object behind `load("en-de-fr")`."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import torch

from captioner.config import SearchConfig, validated
from captioner.errors import InputError, ModelError
from captioner.modules.encoders import TextEncoder
from captioner.pipeline.chaining import chain_pieces, chain_sentences, chain_translations
from captioner.pipeline.copying import best_trial
from captioner.pipeline.inputs import several
from captioner.pipeline.result import Candidate, SentenceResult, TranslationResult
from captioner.pipeline.subword_attention import attention_when_read, over_source_words, summed
from captioner.preprocess.language import choose_direction
from captioner.preprocess.sentences import DEFAULT_LANGUAGE, Layout, cut_sentences
from captioner.preprocess.text import Piece, cut_reading, pad_sources
from captioner.preprocess.tokenization import words_of_subwords
from captioner.preprocess.typography import plain_reading, with_quotes_of
from captioner.preprocess.verbatim import trials
from captioner.search import Hypothesis

if TYPE_CHECKING:
    from captioner.model.captioner_model import CaptionerModel

BATCH_SIZE = 128  # sentences


class Translator:
    """Writes translations of sentences.

    Args:
        model: A loaded model.
        name: What it is called in results.

    Attributes:
        directions: The pairs of languages between which it translates, codes such as en and de, at
            least one; the second is empty where its training did not say.
        through: By pairs such as de-fr, the language by way of which it translates.

    Raises:
        ModelError: The model reads no sentences.
    """

    def __init__(self, model: "CaptionerModel", name: str) -> None:
        if not isinstance(model.encoder, TextEncoder):
            raise ModelError(
                f"model {name!r} reads no sentences: its encoder is of kind {model.kind}"
            )
        self.model = model.train(False)
        self.name = name
        self._limit = model.encoder.config.max_positions - 1  # EOS takes one
        pairs = model.config.directions or [(DEFAULT_LANGUAGE, "")]
        self.directions = tuple((source, target) for source, target in pairs)
        self.through = dict(model.config.through)
        self._known_words = frozenset(model.config.known_words.split())

    def options(self, **changes: Any) -> SearchConfig:
        """Return the model's own search options with some of them changed.

        Raises:
            ConfigError: An option is unknown or out of range.
        """
        return validated(
            SearchConfig, {**self.model.search_config.model_dump(), **changes}, "search options"
        )

    def direction(
        self, texts: Iterable[str], source: str | None = None, target: str | None = None
    ) -> tuple[str, str]:
        """Choose between which languages to translate.

        Args:
            texts: What is to be translated; their language is found out where `source` is not given
                and the model reads several.
            source: The language to read, a code such as en.
            target: The language to write. None: the first into which the model translates from the
                source.

        Returns:
            The language to read and the one to write: twice the one to write where no source is
            given and the texts are surely in it already.

        Raises:
            ModelError: The model does not translate so.
        """
        found = choose_direction("\n".join(texts), self.directions, source, target)
        if found is None:
            known = ", ".join(f"{read} to {written}" for read, written in self.directions)
            wanted = " ".join(
                f"{word} {language}"
                for word, language in (("from", source), ("to", target))
                if language
            )
            raise ModelError(
                f"model {self.name!r} does not translate {wanted}: it translates {known}"
            )
        return found

    @overload
    def translate(
        self, texts: str, *, source: str | None = None, target: str | None = None, **options: Any
    ) -> TranslationResult: ...

    @overload
    def translate(
        self,
        texts: Iterable[str],
        *,
        source: str | None = None,
        target: str | None = None,
        **options: Any,
    ) -> list[TranslationResult]: ...

    def translate(
        self,
        texts: str | Iterable[str],
        *,
        source: str | None = None,
        target: str | None = None,
        **options: Any,
    ) -> TranslationResult | list[TranslationResult]:
        """Translate one text, or several of them.

        A text is cut into sentences, and their translations stand as the sentences did, with the
        same white space, ends of lines and marks of lists between them. One that is too long for
        the model is translated piece by piece. A text that is surely in the language to write
        already stays as it is, unless `source` is given: both languages of its result are that one.

        Within a sentence, white space counts as one space, and signs that look alike count as the
        same: apostrophes and quotes of any kind, letters composed or not, ligatures, other widths,
        and marks that no one sees. A German translation has German quotation marks.

        Args:
            texts: A text of one sentence or many, or a list or other iterable of them.
            source: The language to read, a code such as en. None: that of each text is found out,
                where the model reads several.
            target: The language to write. None: the first into which the model translates from the
                source.
            **options: Fields of `SearchConfig`, such as `beam_size`, `num_captions` or
                `max_length`.

        Returns:
            One result, or a list of them for several texts.

        Raises:
            InputError: Something is no text.
            ModelError: The model does not translate between these languages.
            ConfigError: An option is unknown or out of range.

        Example:
            >>> text = "Two dogs run. A man sits."
            >>> result = captioner.load("en-de-fr").translate(text, num_captions=2)
            >>> result.text
            'Zwei Hunde laufen. Ein Mann sitzt.'
            >>> len(result.candidates)
            2
        """
        search = self.options(**options)
        if isinstance(texts, str):
            return self.translate_texts([texts], search, source, target)[0]
        return self.translate_texts(list(several(texts, "a text")), search, source, target)

    def translate_texts(
        self,
        texts: Sequence[str],
        search: SearchConfig,
        source: str | None = None,
        target: str | None = None,
    ) -> list[TranslationResult]:
        """Translate texts; sentences of similar length, of whatever text, share a batch."""
        for text in texts:
            if not isinstance(text, str):
                raise InputError(f"<{type(text).__name__}>", "a text is wanted, as a string")
        directions = [self.direction([text], source, target) for text in texts]
        layouts = [
            cut_sentences(text, read) if read != written else Layout((), (text,))
            for text, (read, written) in zip(texts, directions, strict=True)
        ]
        sentences = [sentence for layout in layouts for sentence in layout.sentences]
        between = [
            pair for layout, pair in zip(layouts, directions, strict=True) for _ in layout.sentences
        ]
        done = iter(self._by_the_best_way(sentences, between, search))
        return [
            chain_sentences(text, layout, [next(done) for _ in layout.sentences], *pair)
            for text, layout, pair in zip(texts, layouts, directions, strict=True)
        ]

    def _by_the_best_way(
        self, sentences: Sequence[str], directions: Sequence[tuple[str, str]], search: SearchConfig
    ) -> list[SentenceResult]:
        """Translate sentences, straight or by way of a third language."""
        middles = [self.through.get(f"{read}-{written}") for read, written in directions]
        onward = {n: (middle, directions[n][1]) for n, middle in enumerate(middles) if middle}
        first = [(one[0], way or one[1]) for one, way in zip(directions, middles, strict=True)]
        found = self._sentences(sentences, first, search)
        done = self._sentences([found[n].text for n in onward], list(onward.values()), search)
        for number, second in zip(onward, done, strict=True):
            found[number] = chain_translations(found[number], second)
        return found

    def _sentences(
        self, sentences: Sequence[str], directions: Sequence[tuple[str, str]], search: SearchConfig
    ) -> list[SentenceResult]:
        """Translate sentences, each as it is read best."""
        words = [sentence.split() for sentence in sentences]
        drafts = [
            trials(plain_reading(one), *pair, self._known_words)
            for one, pair in zip(words, directions, strict=True)
        ]
        pieces = [
            [cut_reading(draft, len(one), self._fits) for draft in options]
            for one, options in zip(words, drafts, strict=True)
        ]
        flat = [piece for options in pieces for cut in options for piece in cut]
        targets = [
            target
            for options, (_, target) in zip(pieces, directions, strict=True)
            for cut in options
            for _ in cut
        ]
        done = iter(self._pieces(flat, targets, search))
        return [
            chain_pieces(
                sentence, *best_trial([(cut, [next(done) for _ in cut]) for cut in options])
            )
            for sentence, options in zip(sentences, pieces, strict=True)
        ]

    def _pieces(
        self, pieces: Sequence[Piece], targets: Sequence[str], search: SearchConfig
    ) -> list[tuple[Candidate, ...]]:
        """Translate pieces, each into its language.

        Those of similar length go through the model together.
        """
        ids = self.model.tokenize([piece.reading.text for piece in pieces], self._limit)
        order = sorted(range(len(pieces)), key=lambda number: len(ids[number]))
        found: list[tuple[Candidate, ...]] = [()] * len(pieces)
        for start in range(0, len(order), BATCH_SIZE):
            batch = order[start : start + BATCH_SIZE]
            translated = self._translate(
                [pieces[n] for n in batch],
                [ids[n] for n in batch],
                [targets[n] for n in batch],
                search,
            )
            for number, candidates in zip(batch, translated, strict=True):
                found[number] = candidates
        return found

    def _fits(self, text: str) -> bool:
        return len(self.model.tokenize([text], self._limit + 1)[0]) <= self._limit

    def _translate(
        self,
        pieces: Sequence[Piece],
        ids: Sequence[Sequence[int]],
        targets: Sequence[str],
        search: SearchConfig,
    ) -> list[tuple[Candidate, ...]]:
        """Translate one batch."""
        sources = pad_sources(ids, self.model.config.eos_token_id, self.model.config.pad_token_id)
        with torch.inference_mode():
            memory = self.model.encode(sources.to(self.model.device))
            found = self.model.search(
                memory, search, targets if self.model.config.language_ids else ()
            )
        return [
            tuple(
                self._candidate(one, piece, self.model.tokens(source), target) for one in hypotheses
            )
            for piece, source, target, hypotheses in zip(pieces, ids, targets, found, strict=True)
        ]

    def _candidate(
        self, hypothesis: Hypothesis, piece: Piece, source_tokens: Sequence[str], target: str
    ) -> Candidate:
        text = with_quotes_of(target, self.model.decode([hypothesis])[0], piece.reading.text)
        if piece.reading.in_capitals:
            text = text.upper()
        words = text.split()
        groups = words_of_subwords(self.model.tokens(hypothesis.token_ids))
        counts = np.array([max(1, groups.count(word)) for word in range(len(words))], np.float32)
        weights = hypothesis.attention_weights.float().cpu().numpy()
        if self.model.config.shifted_attention:
            weights = attention_when_read(weights)
        looks = over_source_words(weights, source_tokens, piece)
        attention = summed(looks, groups, len(words), axis=0) / counts[:, None]
        log_probs = np.array(hypothesis.token_log_probs[: len(groups)])
        return Candidate(
            text=text,
            log_prob=hypothesis.log_prob,
            words=tuple(words),
            word_log_probs=tuple(summed(log_probs, groups, len(words), axis=0).tolist()),
            attention=attention.astype(np.float32),
        )
