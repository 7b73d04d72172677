"""The settings of training by rewards."""

from typing import ClassVar

from pydantic import Field

from captioner.config.section import Section


class SelfCriticalConfig(Section):
    """Training on what the model itself writes, rewarded by the scores that people judge it by."""

    RENAMED: ClassVar[dict[str, str]] = {"share": "weight"}

    weight: float = Field(default=0.0, ge=0, le=1)
    """Weight of the loss that rewards whole texts; 1 less so much is that of cross-entropy, against
    drift. 0: cross-entropy alone."""
    num_samples: int = Field(default=5, ge=2)
    """Texts sampled for each item; each is compared with the mean of the others."""
    max_length: int = Field(default=24, ge=1)
    """The most tokens of a sampled text."""
    temperature: float = Field(default=1.0, gt=0)
    """Logits are divided by it where texts are sampled and made likelier. A model of label
    smoothing gives wrong words so much probability that samples at 1 are far below what its beam
    search writes: choose about 0.5 for it.
    """
    rewards: dict[str, float] = Field(default_factory=dict)
    """What each score counts for: CIDEr, BLEU-4 and CHAIRs (less of it is better) of captions, chrF
    and BLEU of translations, WER and CER (less of them is better) of transcripts. Empty: the first
    of them alone. CHAIRs leaves out photos with one reference, since what one person does not name
    may be there all the same, and captions that are not English."""
