"""The settings of training by examples."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from captioner.config.section import Section


class TrainingConfig(Section):
    """How the weights are found."""

    PATHS: ClassVar[dict[str, str]] = {
        "output": "DIR",
        "initial_model": "MODEL",
        "initial_photo_model": "MODEL",
    }

    # The run.
    output: str = "runs/captioner"
    """Folder of the run: checkpoints, curves, the best model."""
    initial_model: str = ""
    """The model whose weights and vocabulary the run begins with: a shipped one, or a folder.
    Words that it lacks are added. Empty: random weights.
    """
    initial_fraction: float = Field(default=0.0, ge=0, lt=1)
    """What is validated and kept is the weighted mean of the trained weights and those of
    `initial_model`, which have this fraction. Less is then forgotten."""
    initial_photo_model: str = ""
    """Of a run on sentences with photos: the model of photos whose encoder it begins with. Empty:
    that of `initial_model`, if it reads photos, or a published backbone and random weights."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Seed of everything random."""
    epochs: int = Field(default=12, ge=1)
    """Passes over the training examples."""

    # How much is seen at once.
    batch_size: int = Field(default=40, ge=1)
    """Photos in one update of the weights, over all processes; each brings all its captions."""
    batch_tokens: int = Field(default=4_000, ge=1)
    """Sentences and recordings are batched by length: target tokens in one update, padding
    included, over all processes."""
    accumulation_steps: int = Field(default=1, ge=1)
    """Parts in which a batch is computed, to save memory."""

    # The optimiser.
    learning_rate: float = Field(default=1e-3, gt=0)
    """Peak learning rate."""
    backbone_learning_rate: float = Field(default=1e-5, gt=0)
    """Peak learning rate of the fine-tuned stages of the backbone."""
    warmup_steps: int = Field(default=200, ge=0)
    """Updates over which the learning rate rises to its peak; it then falls along a cosine."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Decoupled weight decay of AdamW, on matrices alone."""
    clip_norm: float = Field(default=5.0, gt=0)
    """Larger norms of the gradient are clipped to this."""

    # The loss, and what is read while it is computed.
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    """Fraction of the target's probability that is spread over the vocabulary."""
    coverage_penalty: float = Field(default=0.0, ge=0)
    """Weight of the doubly stochastic attention penalty."""
    scheduled_sampling: float = Field(default=0.0, ge=0, le=1)
    """Fraction of input words that the model's own guesses replace in the last epoch; it rises
    linearly from 0.
    """
    max_target_length: int = Field(default=30, ge=1)
    """Longer training captions are cut to this many words."""

    # Photos.
    flips: bool = True
    """Also train on each photo's mirror image."""
    crops: int = Field(default=0, ge=0)
    """Random crops of each photo that the feature cache holds beside the whole photo. Where all of
    a backbone is fine-tuned nothing is cached, and every photo is cropped at random each time."""

    # How it is computed and when it ends.
    precision: Literal["no", "bf16", "fp16"] = "no"
    """Mixed precision, for GPUs."""
    average_last: int = Field(default=1, ge=1)
    """The final model averages the weights of this many last epochs if that decodes better."""
    patience: int = Field(default=4, ge=1)
    """Epochs without a better validation score before training stops."""
    checkpoint_every_s: float = Field(default=120.0, gt=0)
    """Seconds between two checkpoints within an epoch."""
    num_workers: int = Field(default=2, ge=0)
    """Threads that decode photos while the model works."""

    @model_validator(mode="after")
    def _check_initial(self) -> "TrainingConfig":
        if self.initial_fraction and not self.initial_model:
            raise ValueError("initial_fraction needs an initial_model")
        return self
