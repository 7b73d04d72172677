"""The settings of speech: where recordings are, how training varies them, and the encoder."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from captioner.config.section import Section


class SpeechDataConfig(Section):
    """Where recordings and their texts are, and how training varies them."""

    PATHS: ClassVar[dict[str, str]] = {"train": "PATH", "val": "PATH"}
    RENAMED: ClassVar[dict[str, str]] = {
        "num_strings": "num_concatenated",
        "num_val_strings": "num_val_concatenated",
        "max_joined": "max_concatenated",
    }

    @classmethod
    def with_current_names(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Return a table with today's names, also of the units: subwords were called pieces."""
        current = super().with_current_names(values)
        return current | ({"units": "subwords"} if current.get("units") == "pieces" else {})

    name: str = ""
    """What the dataset is called, for the model card."""
    license: str = ""
    """On which terms it may be used, for the model card."""
    language: str = ""
    """What is spoken, for the model card; a code such as en."""
    train: str = ""
    """Training recordings: a folder in LibriSpeech's layout or of spoken digits, or a manifest,
    CSV or JSON lines.
    """
    val: str = ""
    """Validation recordings, in any of the same forms."""
    units: Literal["words", "subwords"] = "subwords"
    """What is written: lower-case words of a small vocabulary, or subwords down to single bytes."""
    min_word_count: int = Field(default=1, ge=1)
    """A word seen less often in the training texts becomes unknown."""
    max_vocab_size: int = Field(default=1_000, ge=5)
    """The most words, or subwords with the 256 bytes among them, that the tokenizer keeps."""
    num_concatenated: int = Field(default=0, ge=0)
    """Concatenated utterances in one epoch, each of several recordings of one speaker. 0: each
    recording is shown once, alone."""
    num_val_concatenated: int = Field(default=0, ge=0)
    """Concatenated utterances that are judged beside the validation recordings themselves,
    always the same ones.
    """
    max_concatenated: int = Field(default=7, ge=1)
    """The most recordings of a concatenated utterance; all numbers from 1 to this are equally
    frequent.
    """
    max_gap_s: float = Field(default=0.5, ge=0)
    """The longest gap before, between and behind concatenated recordings, seconds; it is drawn
    anew each time.
    """
    max_speed_change: float = Field(default=0.1, ge=0, lt=0.5)
    """Training plays recordings at random speeds from 1 - this to 1 + this, which also changes the
    pitch.
    """
    max_warp: float = Field(default=0.0, ge=0, lt=0.5)
    """Training stretches their frequencies by 1 - this to 1 + this at the same speed, as other
    throats do.
    """
    min_snr_db: float = 15.0
    """Training adds noise; speech stays at least this much louder, in decibels."""
    num_masks: int = Field(default=2, ge=0)
    """Number of time stretches, and of frequency bands, that are masked in each training
    recording.
    """


class SpeechEncoderConfig(Section):
    """The convolutional network that reads a recording."""

    kind: Literal["speech"] = "speech"
    """The modality."""
    sample_rate_hz: int = Field(default=16_000, ge=4_000, le=48_000)
    """Recordings are resampled to this rate, hertz."""
    num_mels: int = Field(default=80, ge=8)
    """Frequency bands that it reads, equally wide on the mel scale."""
    max_segment_s: float = Field(default=20.0, gt=1)
    """Longer recordings are cut at their pauses into segments of at most this many seconds."""
    channels: int = Field(default=32, ge=1)
    """Channels of the strided 2-D convolutions."""
    num_strides: int = Field(default=2, ge=1, le=4)
    """Strided convolutions; each halves the frames and the bands."""
    dim: int = Field(default=256, ge=1)
    """Width of the residual blocks, and of the memory that the decoder attends to."""
    num_blocks: int = Field(default=4, ge=0)
    """Number of residual blocks, each with a convolution over time."""
    kernel_size: int = Field(default=5, ge=1)
    """Positions that each convolution over time covers, an odd number."""
    recurrent: bool = True
    """Whether a recurrent layer, read in both directions, stands behind the convolutions."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Dropout on convolutions and memory."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kernel_size % 2 == 0:
            raise ValueError(
                f"kernel_size ({self.kernel_size}) must be odd, so that a position is at its centre"
            )
        if self.recurrent and self.dim % 2:
            raise ValueError(
                f"dim ({self.dim}) must be even, half of it for each direction of the recurrent"
                " layer"
            )
        return self
