"""Transcribes recordings; `load("digits")` returns the `Transcriber` that is defined here."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, overload

import torch

from captioner.config import SearchConfig, changed
from captioner.errors import ModelError
from captioner.modules.encoders import SpeechEncoder
from captioner.outputs.record import Segment
from captioner.pipeline.inputs import several
from captioner.pipeline.result import Candidate, ChainedCandidate, TranscriptResult
from captioner.preprocess.audio import AudioSource, Samples, is_array, read_audio
from captioner.preprocess.opening import is_file_source
from captioner.preprocess.pauses import find_segments
from captioner.preprocess.spectrogram import log_mel, pad_spectrograms
from captioner.search import Hypothesis

if TYPE_CHECKING:
    from captioner.model.captioner_model import CaptionerModel

RECORDING = "a path, bytes, an open file, or a rate and a numpy array"
BATCH_SECONDS = 120.0  # of sound in one pass of the model, padding included


class Transcriber:
    """Transcribes recordings.

    Args:
        model: A loaded model.
        name: Its name in results.

    Attributes:
        sample_rate_hz: The sampling rate of the model's input.

    Raises:
        ModelError: The model does not read speech.
    """

    def __init__(self, model: "CaptionerModel", name: str) -> None:
        if not isinstance(model.encoder, SpeechEncoder):
            raise ModelError(f"model {name!r} hears no speech: its encoder is of kind {model.kind}")
        self.model = model.train(False)
        self.name = name
        self._encoder = model.encoder.config
        self.sample_rate_hz = self._encoder.sample_rate_hz

    def options(self, **changes: Any) -> SearchConfig:
        """Return the model's own search options with some of them changed.

        Raises:
            ConfigError: An option is unknown or out of range.
        """
        return changed(self.model.search_config, changes, "search options")

    @overload
    def transcribe(self, recordings: AudioSource, **options: Any) -> TranscriptResult: ...

    @overload
    def transcribe(
        self, recordings: Iterable[AudioSource], **options: Any
    ) -> list[TranscriptResult]: ...

    def transcribe(
        self, recordings: AudioSource | Iterable[AudioSource], **options: Any
    ) -> TranscriptResult | list[TranscriptResult]:
        """Transcribe one recording, or several of them.

        A long recording is cut at its pauses, and each segment has its times.

        Args:
            recordings: A path, the bytes of a file, an open file, a rate in hertz with a numpy
                array (`[samples]`, `[samples, channels]` or `[channels, samples]`), or a list or
                other iterable of any. The sound of a video is read, too.
            **options: Fields of `SearchConfig`, such as `beam_size` or `num_captions`.

        Returns:
            One result, or a list of them for several recordings.

        Raises:
            InputError: A recording cannot be read.
            ConfigError: An option is unknown or out of range.
            MissingExtraError: soundfile or PyAV is not installed.

        Example:
            >>> silence = 8_000, np.zeros(8_000, np.float32)
            >>> captioner.load("digits").transcribe(silence).duration_s
            1.0
        """
        search = self.options(**options)
        if is_file_source(recordings) or is_array(recordings):
            return self.transcribe_samples([self.read(recordings)], search)[0]
        return self.transcribe_samples(
            [self.read(one) for one in several(recordings, RECORDING)], search
        )

    def read(self, recording: AudioSource) -> Samples:
        """Read a recording at the model's rate.

        Raises:
            InputError: It cannot be read.
        """
        return read_audio(recording, self.sample_rate_hz)

    def transcribe_samples(
        self, recordings: Sequence[Samples], search: SearchConfig
    ) -> list[TranscriptResult]:
        """Transcribe recordings that are already read; segments of similar length share a batch."""
        rate_hz, longest = self.sample_rate_hz, self._encoder.max_segment_s
        cuts = [find_segments(samples, rate_hz, longest) for samples in recordings]
        places = [(number, *cut) for number, several in enumerate(cuts) for cut in several]
        found: list[tuple[Candidate, ...]] = [()] * len(places)
        for batch in self._batches([end - start for _, start, end in places]):
            chosen = [places[index] for index in batch]
            heard = self._transcribe(
                [recordings[number][start:end] for number, start, end in chosen], search
            )
            for index, candidates in zip(batch, heard, strict=True):
                found[index] = candidates
        done = iter(found)
        return [
            self._result(len(samples), several, [next(done) for _ in several], search)
            for samples, several in zip(recordings, cuts, strict=True)
        ]

    def _batches(self, lengths: Sequence[int]) -> list[list[int]]:
        """Sort segments by length, and divide them into batches of at most `BATCH_SECONDS`."""
        most = int(BATCH_SECONDS * self.sample_rate_hz)
        batches: list[list[int]] = []
        for index in sorted(range(len(lengths)), key=lengths.__getitem__):
            if not batches or (len(batches[-1]) + 1) * lengths[index] > most:
                batches.append([])
            batches[-1].append(index)
        return batches

    def _transcribe(
        self, segments: Sequence[Samples], search: SearchConfig
    ) -> list[tuple[Candidate, ...]]:
        rate_hz, num_mels = self.sample_rate_hz, self._encoder.num_mels
        spectrograms = [
            log_mel(torch.from_numpy(samples), rate_hz, num_mels) for samples in segments
        ]
        with torch.inference_mode():
            memory = self.model.encode(pad_spectrograms(spectrograms).to(self.model.device))
            found = self.model.search(memory, search)
        lengths = memory.mask.sum(1).tolist()
        return [
            tuple(self._candidate(one, length) for one in hypotheses)
            for hypotheses, length in zip(found, lengths, strict=True)
        ]

    def _candidate(self, hypothesis: Hypothesis, num_positions: int) -> Candidate:
        tokens = self.model.tokens(hypothesis.token_ids)
        return Candidate(
            text=self.model.decode([hypothesis])[0],
            log_prob=hypothesis.log_prob,
            words=tuple(tokens),
            word_log_probs=tuple(hypothesis.token_log_probs[: len(tokens)]),
            attention=hypothesis.attention_weights.float()
            .cpu()
            .numpy()[: len(tokens), :num_positions],
        )

    def _result(
        self,
        num_samples: int,
        cuts: Sequence[tuple[int, int]],
        found: Sequence[tuple[Candidate, ...]],
        search: SearchConfig,
    ) -> TranscriptResult:
        """Join the segments of a recording: the best candidates, then the second, and so on."""
        rate_hz = self.sample_rate_hz
        segments = tuple(
            Segment(start / rate_hz, end / rate_hz, candidates[0].text)
            for (start, end), candidates in zip(cuts, found, strict=True)
            if candidates[0].text
        )
        if len(found) == 1:
            ranked = found[0]
        else:
            widths = (candidates[0].attention.shape[1] for candidates in found)
            columns = [*accumulate(widths, initial=0)][:-1]
            ranks = zip(*found, strict=True) if found else [()] * search.num_captions
            ranked = tuple(
                ChainedCandidate(" ".join(part.text for part in rank if part.text), rank, columns)
                for rank in ranks
            )
        return TranscriptResult(ranked, num_samples / rate_hz, segments)
