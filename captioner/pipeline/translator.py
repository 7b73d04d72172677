"""Translates sentences: the object that `load("en-de-fr")` returns."""

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
    """Writes translations of sentences, some models also with a photo beside them.

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
            photos: What the text is about, for a model that sees photos: a path, bytes, an open
                file, a Pillow image or an array. For several texts as many of them, each None
                where there is none.
            **options: Fields of `SearchConfig`, such as `beam_size`, `num_captions` or
                `max_length`.

        Returns:
            One result, or a list of them for several texts.

        Raises:
            InputError: Something is no text, a photo cannot be read, or there are not as many
                photos as texts.
            ModelError: The model does not translate between these languages, or sees no photos.
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
        """Translate texts; sentences of similar length, of whatever text, share a batch.

        Args:
            texts: The texts.
            search: How translations are searched.
            source: As `translate` takes it.
            target: The same.
            seen: What `see` returned for each text; empty where no text has a photo.
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
        """Read photos, None where there is none; one that several texts have is read once.

        Raises:
            ModelError: The model sees no photos.
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
        """Translate sentences, straight or by way of a third language."""
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
        """Translate sentences, each as it is read best."""
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
