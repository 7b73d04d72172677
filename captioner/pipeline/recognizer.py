"""Names the actions in clips, or captions clips; `load("actions")` returns the class for it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

import torch
from torch import Tensor

from captioner.config import SearchConfig, changed
from captioner.errors import ModelError
from captioner.modules.encoders import VideoEncoder
from captioner.pipeline.inputs import batches, several
from captioner.pipeline.result import Candidate, ClipResult
from captioner.preprocess.frames import ClipPreprocessor
from captioner.preprocess.opening import is_file_source
from captioner.preprocess.video import Clip, ClipSource
from captioner.search import Hypothesis

if TYPE_CHECKING:
    from captioner.model.captioner_model import CaptionerModel

BATCH_SIZE = 8
CLIP = "a path, the bytes of a file, or an open file"


class ActionRecognizer:
    """Describes clips by labels or by sentences, whichever the model learnt.

    Args:
        model: A loaded model.
        name: Its name in results.

    Attributes:
        preprocess: Reads a file as a `Clip`, and turns it into the model's input.
        num_streams: How many batches are in the model at once in a run over many clips.

    Raises:
        ModelError: The model does not read clips.
    """

    num_streams = 1  # the frames of a clip keep all cores busy

    def __init__(self, model: "CaptionerModel", name: str) -> None:
        if not isinstance(model.encoder, VideoEncoder):
            raise ModelError(
                f"model {name!r} watches no clips: its encoder is of kind {model.kind}"
            )
        self.model = model.train(False)
        self.name = name
        self._names_labels = self.model.search_config.max_length == 1
        self.preprocess = ClipPreprocessor(model.image_config, model.encoder.config.num_frames)

    def options(self, **changes: Any) -> SearchConfig:
        """Return the model's own search options with some of them changed.

        Raises:
            ConfigError: An option is unknown or out of range.
        """
        return changed(self.model.search_config, changes, "search options")

    def best_labels(self, count: int, **changes: Any) -> SearchConfig:
        """Return the search options that find `count` labels.

        The beam is at least twice as wide, since it holds labels that ended as well as labels that
        were cut off after their word.

        Raises:
            ConfigError: An option is unknown or out of range.
        """
        width = changes.pop("beam_size", self.model.search_config.beam_size)
        return self.options(**changes, num_captions=count, beam_size=max(2 * count, width))

    @overload
    def recognize(self, clips: ClipSource, top: int = 1, **options: Any) -> ClipResult: ...

    @overload
    def recognize(
        self, clips: Iterable[ClipSource], top: int = 1, **options: Any
    ) -> list[ClipResult]: ...

    def recognize(
        self, clips: ClipSource | Iterable[ClipSource], top: int = 1, **options: Any
    ) -> ClipResult | list[ClipResult]:
        """Name the action in one clip, or in each of several.

        Args:
            clips: A path, the bytes of a file, an open file, or a list or other iterable of any.
            top: The greatest number of labels for a clip.
            **options: Fields of `SearchConfig`.

        Returns:
            One result, or a list of them for several clips.

        Raises:
            InputError: A clip cannot be read.
            ConfigError: An option is unknown or out of range.
            MissingExtraError: PyAV is not installed.

        Example:
            >>> result = captioner.load("actions").recognize(sample_clip(), top=3)
            >>> result.label == next(iter(result.probabilities)), len(result.probabilities)
            (True, 3)
        """
        return self._watch(clips, self.best_labels(top, **options))

    @overload
    def caption(self, clips: ClipSource, **options: Any) -> ClipResult: ...

    @overload
    def caption(self, clips: Iterable[ClipSource], **options: Any) -> list[ClipResult]: ...

    def caption(
        self, clips: ClipSource | Iterable[ClipSource], **options: Any
    ) -> ClipResult | list[ClipResult]:
        """Caption one clip, or each of several; the options are fields of `SearchConfig`."""
        return self._watch(clips, self.options(**options))

    def _watch(
        self, clips: ClipSource | Iterable[ClipSource], search: SearchConfig
    ) -> ClipResult | list[ClipResult]:
        if is_file_source(clips):
            return self.caption_images([self.preprocess.read(clips)], search)[0]
        results: list[ClipResult] = []
        for batch in batches(several(clips, CLIP), BATCH_SIZE):
            results += self.caption_images([self.preprocess.read(clip) for clip in batch], search)
        return results

    def caption_images(
        self, images: Sequence[Clip | Tensor], search: SearchConfig
    ) -> list[ClipResult]:
        """Describe clips that are already read or preprocessed, as one batch.

        Runs over many files call this. Results of preprocessed clips have neither the times of the
        frames nor the duration, which only a `Clip` holds.
        """
        if not images:
            return []
        tensors = [
            image if isinstance(image, Tensor) else self.preprocess(image) for image in images
        ]
        wide = (
            search.model_copy(update={"num_captions": search.beam_size})
            if self._names_labels
            else search
        )
        with torch.inference_mode():
            found = self.model.search(
                self.model.encode(torch.stack(tensors).to(self.model.device)), wide
            )
        results = [
            ClipResult(self._ranked(hypotheses, search.num_captions)) for hypotheses in found
        ]
        return [
            replace(result, times_s=image.times_s, duration_s=image.duration_s)
            if isinstance(image, Clip)
            else result
            for image, result in zip(images, results, strict=True)
        ]

    def _ranked(self, hypotheses: Sequence[Hypothesis], count: int) -> tuple[Candidate, ...]:
        """Return the texts that a search found; each label once, ranked by its own probability."""
        candidates = tuple(map(self._candidate, hypotheses))
        if not self._names_labels:
            return candidates
        by_label = {one.text: one for one in candidates}
        return tuple(sorted(by_label.values(), key=lambda one: one.log_prob, reverse=True)[:count])

    def _candidate(self, hypothesis: Hypothesis) -> Candidate:
        words = tuple(self.model.tokens(hypothesis.token_ids))
        log_probs = tuple(hypothesis.token_log_probs[: len(words)])
        return Candidate(
            text=self.model.decode([hypothesis])[0],
            # A label always ends after its one word, so the end's probability is left out.
            log_prob=sum(log_probs) if self._names_labels else hypothesis.log_prob,
            words=words,
            word_log_probs=log_probs,
            attention=hypothesis.attention_weights.float().cpu().numpy()[: len(words)],
        )
