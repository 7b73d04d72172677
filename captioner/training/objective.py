"""One batch to one loss: the module that is differentiated, and that accelerate spreads over processes."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from captioner.config import TrainingConfig
from captioner.data.batching import TargetGroup
from captioner.losses import caption_loss, coverage_loss
from captioner.memory import Memory
from captioner.model import CaptionerModel


class Objective(nn.Module):
    """The training loss of a model, summed over the words of a batch.

    Args:
        model: What is trained.
        config: Label smoothing and coverage penalty.
        from_features: Whether the inputs are the backbone's features (cached) rather than pixels.
    """

    def __init__(self, model: CaptionerModel, config: TrainingConfig, from_features: bool) -> None:
        super().__init__()
        self.model = model
        self.config = config
        self.from_features = from_features

    def forward(
        self, inputs: Float[Tensor, "batch ..."], groups: Sequence[TargetGroup], guess_share: float = 0.0
    ) -> Float[Tensor, ""]:
        """Return the summed loss of a batch; every photo is encoded once, whatever the number of its captions.

        Args:
            inputs: Pixels or features of the photos.
            groups: Their captions.
            guess_share: Share of input words that the model's own guess replaces (scheduled sampling).
        """
        memory: Memory = self.model.encoder.embed(inputs) if self.from_features else self.model.encode(inputs)
        return torch.stack([self._group_loss(memory, group, guess_share) for group in groups]).sum()

    def _group_loss(self, memory: Memory, group: TargetGroup, guess_share: float) -> Float[Tensor, ""]:
        memory = memory.select(group.item_index)
        pad_id: int = self.model.config.pad_token_id
        target_input = group.target_input
        if guess_share:
            target_input = self._with_guesses(target_input, memory, guess_share)
        logits, weights = self.model.decoder(target_input, memory)
        loss = caption_loss(logits, group.target_output, pad_id, self.config.label_smoothing)
        if self.config.coverage_penalty:
            loss = loss + self.config.coverage_penalty * coverage_loss(
                weights, group.target_output != pad_id, memory.mask
            )
        return loss

    @torch.no_grad()
    def _with_guesses(
        self, target_input: Int[Tensor, "rows target"], memory: Memory, share: float
    ) -> Int[Tensor, "rows target"]:
        """Replace some words, but neither BOS nor padding, by what the model would have written in their place.

        Guesses come from one teacher-forced pass, so that nothing loops over time.

        Source:
            Scheduled sampling: Bengio et al. 2015, arXiv:1506.03099; in two parallel passes: Mihaylova and Martins
            2019, arXiv:1906.07651, section 3.
        """
        logits, _ = self.model.decoder(target_input, memory)
        guesses = torch.cat([target_input[:, :1], logits[:, :-1].argmax(-1)], 1)
        replaced = (torch.rand_like(target_input, dtype=torch.float) < share) & (
            target_input != self.model.config.pad_token_id
        )
        replaced[:, 0] = False
        return torch.where(replaced, guesses, target_input)
