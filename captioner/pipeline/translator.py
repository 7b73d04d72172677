"""Translates sentences; `load("en-de-fr")` returns the `Translator` that is defined here."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from captioner.config import SearchConfig, changed
from captioner.errors import InputError, ModelError
from captioner.modules.encoders import PhotoTextEncoder, text_encoder_of
from captioner.pipeline.chaining import chain_pieces, chain_sentences, chain_translations
from captioner.pipeline.copying import best_trial
from captioner.pipeline.inputs import several
from captioner.pipeline.pieces import PhotoFeatures, PieceTranslator, Way
from captioner.pipeline.result import SentenceResult, TranslationResult
from captioner.preprocess.image import ImagePreprocessor
from captioner.preprocess.language import choose_direction
from captioner.preprocess.sentences import DEFAULT_LANGUAGE, Layout, cut_sentences
from captioner.preprocess.text import cut_reading
from captioner.preprocess.typography import plain_reading
from captioner.preprocess.verbatim import trials
from captioner.pretrained.registry import from_to

if TYPE_CHECKING:
    from captioner.model.captioner_model import CaptionerModel


class Translator:
    """Translates sentences; some models also read a photo beside each sentence.

    Args:
        model: A loaded model.
        name: Its name in results.

    Attributes:
        directions: The pairs of languages from which and into which it translates, as codes such as
            en and de; at least one. The second is empty if the model's training did not name it.
        through: The third language through which it translates, by pairs such as de-fr.

    Raises:
        ModelError: The model reads no sentences.
    """

    def __init__(self, model: "CaptionerModel", name: str) -> None:
        if text_encoder_of(model.encoder) is None:
            raise ModelError(
                f"model {name!r} reads no sentences: its encoder is of kind {model.kind}"
            )
        self.model = model.train(False)
        self.name = name
        self._pieces = PieceTranslator(model)
        self._preprocess = (
            ImagePreprocessor(model.image_config)
            if isinstance(model.encoder, PhotoTextEncoder)
            else None
        )
        pairs = model.config.directions or [(DEFAULT_LANGUAGE, "")]
        self.directions = tuple((source, target) for source, target in pairs)
        self.through = dict(model.config.through)
        self._known_words = frozenset(model.config.known_words.split())

    def options(self, **changes: Any) -> SearchConfig:
        """Return the model's own search options with some of them changed.

        Raises:
            ConfigError: An option is unknown or out of range.
        """
        return changed(self.model.search_config, changes, "search options")

    def direction(
        self, texts: Iterable[str], source: str | None = None, target: str | None = None
    ) -> tuple[str, str]:
        """Choose the languages to translate from and into.

        Args:
            texts: What is to be translated. Their language is detected if `source` is not given and
                the model reads several.
            source: The language to read, a code such as en.
            target: The language to write; None for the first that the model writes from the source.

        Returns:
            The language to read and the one to write. Both are the target language if no source is
            given and the texts are surely in it already.

        Raises:
            ModelError: The model does not translate between these languages.
        """
        found = choose_direction("\n".join(texts), self.directions, source, target)
        if found is None:
            known = ", ".join(f"{read} to {written}" for read, written in self.directions)
            raise ModelError(
                f"model {self.name!r} does not translate {from_to(source, target)}: it translates"
                f" {known}"
            )
        return found

    @overload
    def translate(
        self,
        texts: str,
        *,
        source: str | None = None,
        target: str | None = None,
        photos: Any = None,
        **options: Any,
    ) -> TranslationResult: ...

    @overload
    def translate(
        self,
        texts: Iterable[str],
        *,
        source: str | None = None,
        target: str | None = None,
        photos: Iterable[Any] | None = None,
        **options: Any,
    ) -> list[TranslationResult]: ...

    def translate(
        self,
        texts: str | Iterable[str],
        *,
        source: str | None = None,
        target: str | None = None,
        photos: Any = None,
        **options: Any,
    ) -> TranslationResult | list[TranslationResult]:
        """Translate one text, or several of them.

        A text is cut into sentences. Their translations keep the text's layout: the white space,
        the ends of lines and the marks of lists between them. A sentence that is too long for the
        model is translated in pieces. If a text is surely in the target language already, and
        `source` is not given, it stays as it is, and both languages of its result are the target.

        Within a sentence, any white space counts as one space, and characters that look alike count
        as the same: apostrophes and quotes of any kind, composed and decomposed letters, ligatures,
        and letters of other widths. Invisible marks are ignored. A German translation has German
        quotation marks.

        Args:
            texts: A text of one sentence or many, or a list or other iterable of them.
            source: The language to read, a code such as en. If None, the language of each text is
                detected, provided that the model reads several.
            target: The language to write; None for the first that the model writes from the source.
            photos: The photo that the text is about, for a model that reads photos: a path, bytes,
                an open file, a Pillow image or an array. For several texts, one for each, or None
                for a text without a photo.
            **options: Fields of `SearchConfig`, such as `beam_size`, `num_captions` or
                `max_length`.

        Returns:
            One result, or a list of them for several texts.

        Raises:
            InputError: Something is no text, a photo cannot be read, or the numbers of photos and
                texts differ.
            ModelError: The model does not translate between these languages, or reads no photos.
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
            return self.translate_texts([texts], search, source, target, self.see([photos]))[0]
        texts = list(several(texts, "a text"))
        beside = (
            [None] * len(texts)
            if photos is None
            else list(several(photos, "a photo, or None, for each text"))
        )
        if len(beside) != len(texts):
            raise InputError(
                "<photos>", f"{len(beside)} photos for {len(texts)} texts: give as many"
            )
        return self.translate_texts(texts, search, source, target, self.see(beside))

    def translate_texts(
        self,
        texts: Sequence[str],
        search: SearchConfig,
        source: str | None = None,
        target: str | None = None,
        seen: Sequence[PhotoFeatures | None] = (),
    ) -> list[TranslationResult]:
        """Translate texts; sentences of similar length share a batch, also across texts.

        Args:
            texts: The texts.
            search: The search options.
            source: The language to read, as in `translate`.
            target: The language to write, as in `translate`.
            seen: What `see` returned for each text; empty if no text has a photo.
        """
        for text in texts:
            if not isinstance(text, str):
                raise InputError(f"<{type(text).__name__}>", "a text is wanted, as a string")
        directions = [self.direction([text], source, target) for text in texts]
        layouts = [
            cut_sentences(text, read) if read != written else Layout((), (text,))
            for text, (read, written) in zip(texts, directions, strict=True)
        ]
        sentences = [sentence for layout in layouts for sentence in layout.sentences]
        ways = [
            Way(*pair, photo)
            for layout, pair, photo in zip(
                layouts, directions, seen or [None] * len(texts), strict=True
            )
            for _ in layout.sentences
        ]
        done = iter(self._by_the_best_way(sentences, ways, search))
        return [
            chain_sentences(text, layout, [next(done) for _ in layout.sentences], *pair)
            for text, layout, pair in zip(texts, layouts, directions, strict=True)
        ]

    def see(self, photos: Sequence[Any]) -> list[PhotoFeatures | None]:
        """Return the features of photos, and None for each None; each photo is read only once.

        Raises:
            ModelError: The model reads no photos.
            InputError: A photo cannot be read.
        """
        once = {id(photo): photo for photo in photos if photo is not None}
        if not once:
            return [None] * len(photos)
        if self._preprocess is None:
            raise ModelError(
                f"model {self.name!r} sees no photos: leave them out, or choose a model whose"
                " encoder is of kind photo+text"
            )
        read, see = self._preprocess.read, self._pieces.see
        seen = {key: see(self._preprocess(read(photo))) for key, photo in once.items()}
        return [seen.get(id(photo)) for photo in photos]

    def _by_the_best_way(
        self, sentences: Sequence[str], ways: Sequence[Way], search: SearchConfig
    ) -> list[SentenceResult]:
        """Translate sentences, directly or through a third language."""
        middles = [self.through.get(f"{one.source}-{one.target}") for one in ways]
        onward = {n: ways[n]._replace(source=one) for n, one in enumerate(middles) if one}
        first = [
            one._replace(target=middle or one.target)
            for one, middle in zip(ways, middles, strict=True)
        ]
        found = self._sentences(sentences, first, search)
        done = self._sentences([found[n].text for n in onward], list(onward.values()), search)
        for number, second in zip(onward, done, strict=True):
            found[number] = chain_translations(found[number], second)
        return found

    def _sentences(
        self, sentences: Sequence[str], ways: Sequence[Way], search: SearchConfig
    ) -> list[SentenceResult]:
        """Translate sentences; of the trials of each one, the best is kept."""
        words = [sentence.split() for sentence in sentences]
        drafts = [
            trials(plain_reading(one), way.source, way.target, self._known_words)
            for one, way in zip(words, ways, strict=True)
        ]
        pieces = [
            [cut_reading(draft, len(one), self._pieces.fits) for draft in options]
            for one, options in zip(words, drafts, strict=True)
        ]
        flat = [
            (piece, way)
            for options, way in zip(pieces, ways, strict=True)
            for cut in options
            for piece in cut
        ]
        done = iter(self._pieces.translate(flat, search))
        return [
            chain_pieces(
                sentence, *best_trial([(cut, [next(done) for _ in cut]) for cut in options])
            )
            for sentence, options in zip(sentences, pieces, strict=True)
        ]
