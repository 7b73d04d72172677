"""Computes the loss of one batch, in the module that accelerate distributes."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from captioner.config import Config, SearchConfig
from captioner.data.batching import TargetGroup, group_targets
from captioner.model.captioner_model import CaptionerModel
from captioner.modules.encoders import ImageEncoder, PhotoTextEncoder, VideoEncoder
from captioner.modules.memory import Memory
from captioner.training.losses import advantages, caption_loss, coverage_loss, self_critical_loss
from captioner.training.photos import ConceptInputs
from captioner.training.reward import Reward


def encode(model: CaptionerModel, inputs: Any, from_features: bool) -> Memory:
    """Encode a batch, or the output of a backbone's frozen stages for it."""
    if isinstance(inputs, ConceptInputs):
        assert isinstance(model.encoder, ImageEncoder)  # only this encoder has concepts
        return model.encoder.embed_with(inputs.features, inputs.probabilities)
    if from_features and isinstance(model.encoder, ImageEncoder):
        return model.encoder.embed(model.encoder.features_behind(inputs))
    if from_features and isinstance(model.encoder, VideoEncoder | PhotoTextEncoder):
        return model.encoder.embed(inputs)
    return model.encode(inputs)


class Objective(nn.Module):
    """The training loss of a model, summed over the words of a batch.

    Args:
        model: The model to train.
        config: The experiment.
        from_features: Whether the inputs are the cached output of frozen stages rather than what
            the encoder reads.
        reward: Scores the model's samples, where training is self-critical.
        languages: The language of each training example's texts; empty where the model writes one
            language.

    Attributes:
        rewards_seen: Mean reward of each batch, until the caller empties the list.
    """

    def __init__(
        self,
        model: CaptionerModel,
        config: Config,
        from_features: bool,
        reward: Reward | None = None,
        languages: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.model = model
        self.config = config.training
        self.self_critical = config.self_critical
        self.from_features = from_features
        self.reward = reward
        self.languages = languages
        self.rewards_seen: list[float] = []

    def forward(
        self,
        inputs: Any,
        items: Sequence[int],
        groups: Sequence[TargetGroup],
        guess_fraction: float = 0.0,
    ) -> Float[Tensor, ""]:
        """Return the summed loss of a batch; every item is encoded once for all of its targets.

        Args:
            inputs: What the encoder reads, or the output of its frozen stages for it.
            items: The items' numbers, for their reward.
            groups: The items' target texts.
            guess_fraction: Fraction of input words to replace by the model's own guesses
                (scheduled sampling).
        """
        memory = encode(self.model, inputs, self.from_features)
        weight = self.self_critical.weight
        losses = []
        if weight < 1:
            losses += [
                (1 - weight) * self._group_loss(memory, group, guess_fraction) for group in groups
            ]
        if self.reward is not None:
            losses += [
                weight * loss for loss in self._self_critical_losses(memory, items, self.reward)
            ]
        return torch.stack(losses).sum()

    def _self_critical_losses(
        self, memory: Memory, items: Sequence[int], reward: Reward
    ) -> Iterator[Float[Tensor, ""]]:
        """Sample texts of each item, and return losses that favour those with higher rewards."""
        num_samples, ids = self.self_critical.num_samples, self.model.config
        options = SearchConfig(
            sample=True,
            temperature=self.self_critical.temperature,
            top_p=1.0,
            num_captions=num_samples,
            min_length=0,
            max_length=self.self_critical.max_length,
            seed=None,
        )
        languages = [self.languages[item] for item in items] if self.languages else []
        found = [
            one for several in self.model.search(memory, options, languages) for one in several
        ]
        owners = [item for item in items for _ in range(num_samples)]
        first_ids = self.model.first_ids(languages) or [ids.bos_token_id] * len(items)
        rewards = reward(owners, self.model.decode(found), [one.finished for one in found])
        self.rewards_seen.append(float(rewards.mean()))
        advantage = advantages(
            torch.tensor(rewards, dtype=torch.float32).reshape(-1, num_samples)
        ).flatten()
        sampled = [
            [[first_ids[row // num_samples], *one.token_ids]] for row, one in enumerate(found)
        ]
        ids_never_written = self.model.forbidden_ids()
        for group in group_targets(sampled, ids.eos_token_id, ids.pad_token_id):
            for row, number in enumerate(group.item_index.tolist()):
                if not found[number].finished:  # it was cut, and never wrote its end
                    group.target_output[row, len(found[number].token_ids)] = ids.pad_token_id
            weight = advantage[group.item_index].to(memory.keys.device)
            group = group.to(memory.keys.device)
            logits, _ = self.model.decoder(
                group.target_input, memory.select(group.item_index // num_samples)
            )
            # Forbidden words are never sampled: nothing would lower them as others lose.
            logits = logits.index_fill(
                -1, torch.tensor(ids_never_written, device=logits.device), -torch.inf
            )
            logits = logits / self.self_critical.temperature
            yield self_critical_loss(logits, group.target_output, ids.pad_token_id, weight)

    def _group_loss(
        self, memory: Memory, group: TargetGroup, guess_fraction: float
    ) -> Float[Tensor, ""]:
        memory = memory.select(group.item_index)
        pad_id: int = self.model.config.pad_token_id
        target_input = group.target_input
        if guess_fraction:
            target_input = self._with_guesses(target_input, memory, guess_fraction)
        logits, weights = self.model.decoder(target_input, memory)
        loss = caption_loss(logits, group.target_output, pad_id, self.config.label_smoothing)
        if self.config.coverage_penalty:
            loss = loss + self.config.coverage_penalty * coverage_loss(
                weights, group.target_output != pad_id, memory.mask
            )
        return loss

    @torch.no_grad()
    def _with_guesses(
        self, target_input: Int[Tensor, "rows target"], memory: Memory, fraction: float
    ) -> Int[Tensor, "rows target"]:
        """Replace some input words, but neither BOS nor padding, by the model's own guesses.

        Guesses come from one teacher-forced pass, so that nothing loops over time.

        Source:
            Scheduled sampling: Bengio et al. 2015, arXiv:1506.03099; in two parallel passes:
            Mihaylova and Martins 2019, arXiv:1906.07651, section 3.
        """
        logits, _ = self.model.decoder(target_input, memory)
        guesses = torch.cat([target_input[:, :1], logits[:, :-1].argmax(-1)], 1)
        replaced = (torch.rand_like(target_input, dtype=torch.float) < fraction) & (
            target_input != self.model.config.pad_token_id
        )
        replaced[:, 0] = False
        return torch.where(replaced, guesses, target_input)
