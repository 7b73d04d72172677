"""Captions photos; `load("everyday")` returns the `Captioner` that is defined here."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from PIL import Image

from captioner.config import SearchConfig, changed
from captioner.errors import ConfigError, ModelError, UsageError
from captioner.modules.arrays import as_numpy, take
from captioner.modules.memory import DetectedConcepts, GridLayout, Memory
from captioner.outputs.record import Concept
from captioner.pipeline.caption_languages import WRITTEN, as_sentence, in_language
from captioner.pipeline.confidence import confidence, evidence
from captioner.pipeline.inputs import batches, several
from captioner.pipeline.result import Candidate, CaptionResult
from captioner.preprocess.image import ImagePreprocessor, ImageSource, Pixels
from captioner.preprocess.opening import is_file_source
from captioner.pretrained.registry import languages_from
from captioner.search import Hypothesis
from captioner.threads import num_threads

if TYPE_CHECKING:
    from captioner.model.captioner_model import CaptionerModel
    from captioner.onnx.model import OnnxModel

BATCH_SIZE = 16
PHOTO = "a path, bytes, an open file, a Pillow image or a numpy array"
ENCODED_AT_ONCE = 16  # photos, on a CPU; the search is faster with larger batches
MOST_STREAMS = 8  # each has its own activations in memory


class Captioner:
    """Writes captions of photos.

    Args:
        model: A loaded model, in torch or as ONNX graphs.
        name: Its name in results.
    """

    def __init__(self, model: "CaptionerModel | OnnxModel", name: str) -> None:
        self.model = model
        self.name = name
        self.search_config = model.search_config
        self.preprocess = ImagePreprocessor(model.image_config)

    def options(self, **changes: Any) -> SearchConfig:
        """Return the model's own search options with some of them changed.

        Raises:
            ConfigError: An option is unknown or out of range, or the model does not support its
                value; see `check`.
        """
        search = changed(self.search_config, changes, "search options")
        self.check(search)
        return search

    def check(self, search: SearchConfig) -> None:
        """Check that the model can search with these options.

        Raises:
            ConfigError: The model has no such option, there are no captions in the language, a
                required word or one of the given beginning may not be written, or a word of the
                hint is not detected.
        """
        self.check_language(search)
        self.model.forbidden_ids(search.banned_words)
        self.model.required_ids(search)
        self.model.begin_ids(search)
        self.model.hint_ids(search)

    def check_language(self, search: SearchConfig) -> None:
        """Check that there are captions in the requested language.

        Raises:
            ConfigError: There are none, or words are required or banned in it.
        """
        if self._language_of(search) in self.own_languages:
            return
        if search.language not in self.languages:
            known = ", ".join(self.languages)
            raise ConfigError(f"language: there are captions in {known} (given: {search.language})")
        if search.required_words or search.banned_words or search.begin:
            raise ConfigError(
                "required_words, banned_words, begin: captions are written in English and then"
                " translated, so that no word of another language can be promised; leave them or"
                " language out"
            )

    @property
    def own_languages(self) -> list[str]:
        """The languages in which the model itself writes, its default first."""
        return sorted(self.model.config.language_ids, key=lambda one: (one != WRITTEN, one)) or [
            WRITTEN
        ]

    @property
    def languages(self) -> list[str]:
        """The languages of captions, including those into which a translator translates them."""
        own = self.own_languages
        others = languages_from(WRITTEN) if WRITTEN in own else []
        return own + [one for one in others if one not in own]

    def _language_of(self, search: SearchConfig) -> str:
        return search.language or self.own_languages[0]

    @overload
    def caption(self, photos: ImageSource, **options: Any) -> CaptionResult: ...

    @overload
    def caption(self, photos: Iterable[ImageSource], **options: Any) -> list[CaptionResult]: ...

    def caption(
        self, photos: ImageSource | Iterable[ImageSource], **options: Any
    ) -> CaptionResult | list[CaptionResult]:
        """Caption one photo, or several of them.

        Args:
            photos: A path, the bytes of a file, an open file, a PIL image, a numpy array `[height,
                width, 3]`, or a list or other iterable of any.
            **options: Fields of `SearchConfig`, such as `beam_size`, `num_captions` or `begin`.

        Returns:
            One result, or a list of them for several photos.

        Raises:
            InputError: A photo cannot be read.
            ConfigError: An option is unknown or out of range.

        Example:
            >>> result = captioner.load("everyday").caption(sample_photos()[0], num_captions=3)
            >>> result.text == result.candidates[0].text, len(result.candidates)
            (True, 3)
        """
        search = self.options(**options)
        if is_file_source(photos) or isinstance(photos, Image.Image | np.ndarray):
            return self.caption_images([self.preprocess.read(photos)], search)[0]
        results: list[CaptionResult] = []
        for batch in batches(several(photos, PHOTO), BATCH_SIZE):
            results += self.caption_images([self.preprocess.read(photo) for photo in batch], search)
        return results

    @property
    def recognises(self) -> bool:
        """Whether the model reports which words it detects in a photo."""
        return bool(self.model.config.encoder.get("concepts"))

    @property
    def num_streams(self) -> int:
        """How many batches to run at once: on a CPU, one for each thread, up to `MOST_STREAMS`.

        A layer's work for a few photos is too small to be divided among threads, above all if other
        programs run.
        """
        return min(num_threads(), MOST_STREAMS) if self.model.on_cpu else 1

    def caption_images(
        self, images: Sequence[Image.Image | Pixels], search: SearchConfig
    ) -> list[CaptionResult]:
        """Caption photos that are already read or preprocessed, as one batch."""
        if not images:
            return []
        wanted = self._language_of(search)
        language = wanted if wanted in self.own_languages else WRITTEN
        memory = self._encode(
            [image if isinstance(image, np.ndarray) else self.preprocess(image) for image in images]
        )
        hinted = self.model.hinted(memory, search)
        asked = [language] * len(images) if self.model.config.language_ids else []
        found = self.model.search(hinted, search, asked)
        if not isinstance(memory.layout, GridLayout):
            raise ModelError(f"model {self.name!r} gives no map of a photo")
        grid = memory.layout.height, memory.layout.width
        if search.concepts and memory.concepts is None:
            raise UsageError(
                f"model {self.name!r} does not tell what it finds in a photo: leave concepts out"
            )
        detected = [()] * len(found) if memory.concepts is None else self._detected(memory.concepts)
        results = []
        for hypotheses, words in zip(found, detected, strict=True):
            surest = max((word.probability for word in words), default=0.0)
            candidates = tuple(self._candidate(one, grid, surest, language) for one in hypotheses)
            concepts = words[: search.concepts]
            results.append(CaptionResult(candidates, concepts=concepts, language=language))
        return self._written(results, search)

    def _written(self, results: list[CaptionResult], search: SearchConfig) -> list[CaptionResult]:
        """Bring captions into the requested language and form."""
        if self._language_of(search) not in self.own_languages:
            results = in_language(results, search.language)
        if not search.sentence:
            return results
        return [
            replace(
                result,
                candidates=tuple(
                    replace(one, text=as_sentence(one.text)) for one in result.candidates
                ),
            )
            for result in results
        ]

    def _encode(self, photos: Sequence[Pixels]) -> Memory:
        """Encode photos.

        On a CPU, a few are encoded at a time, because the backbone's output for more of them does
        not fit the caches.
        """
        at_once = ENCODED_AT_ONCE if self.model.on_cpu else len(photos)
        parts = [photos[start : start + at_once] for start in range(0, len(photos), at_once)]
        return Memory.join([self.model.encode(np.stack(part)) for part in parts])

    def _detected(self, detected: DetectedConcepts) -> list[tuple[Concept, ...]]:
        """Return the words detected in each photo, the most informative first."""
        words = self.model.config.encoder["concept_words"]
        probabilities = take(detected.probabilities, detected.word_ids, 1).tolist()
        return [
            tuple(
                Concept(words[index], probability)
                for index, probability in zip(*photo, strict=True)
            )
            for photo in zip(detected.word_ids.tolist(), probabilities, strict=True)
        ]

    def _candidate(
        self, hypothesis: Hypothesis, grid: tuple[int, int], surest: float, language: str
    ) -> Candidate:
        casing = self.model.config.casing.get(language, {})
        words = tuple(casing.get(one, one) for one in self.model.tokens(hypothesis.token_ids))
        cells = math.prod(grid)  # the positions after these are concepts, which have no place
        weights = as_numpy(hypothesis.attention_weights[:, :cells])
        log_probs = tuple(hypothesis.token_log_probs[: len(words)])
        fitted = self.model.config.confidence
        return Candidate(
            calibrated=confidence(evidence(hypothesis.log_prob, log_probs, surest), fitted)
            if fitted and language == WRITTEN  # the calibration holds for these alone
            else None,
            text=self.model.decode([hypothesis], language)[0],
            log_prob=hypothesis.log_prob,
            words=words,
            word_log_probs=log_probs,
            attention=weights[: len(words)].reshape(len(words), *grid),
        )
