"""Detects words in a photo's features, and puts them into the memory for the decoder."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from captioner.modules.memory import DetectedConcepts

HIDDEN_DIM = 256
# Smaller probabilities count as this one.
LEAST_PROBABILITY = 1e-3


class ConceptDetector(nn.Module):
    """Predicts for each known word how likely a person's caption of the photo is to use it.

    It is fitted to the features of a frozen backbone before the decoder is trained, and does not
    change after that.

    Attributes:
        mean: Mean of each channel over the training photos.
        std: Standard deviation of each channel.
        frequencies: How likely a caption of any photo is to use each word.

    Args:
        num_features: Number of channels of the features.
        num_words: Number of words.

    Source:
        Fang et al. 2015, arXiv:1411.4952, section 3, with the mean over the map in the place of its
        noisy-or.
    """

    def __init__(self, num_features: int, num_words: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.zeros(num_features))
        self.register_buffer("std", torch.ones(num_features))
        self.frequencies: Tensor
        self.register_buffer("frequencies", torch.ones(num_words))
        self.hidden = nn.Linear(num_features, HIDDEN_DIM)
        self.output = nn.Linear(HIDDEN_DIM, num_words)
        self.dropout = nn.Dropout(0.5)

    def logits(self, pooled: Float[Tensor, "batch channels"]) -> Float[Tensor, "batch words"]:
        """Score the words by the mean of a photo's features over its map."""
        hidden = self.hidden(self.dropout((pooled - self.mean) / self.std))
        return self.output(self.dropout(torch.relu(hidden)))  # type: ignore[no-any-return]

    def forward(
        self, features: Float[Tensor, "batch height width channels"]
    ) -> Float[Tensor, "batch words"]:
        """Return the probability of each word."""
        return self.logits(features.flatten(1, 2).mean(1)).sigmoid()


class ConceptEmbedding(nn.Module):
    """Embeds the most telling words as positions of the memory.

    An embedding says which word it is, and how sure the detector is of it.

    Args:
        num_words: Number of words that the detector knows.
        dim: Width of the memory.

    Source:
        You et al. 2016, arXiv:1603.03925, section 4: attention over detected concepts. Here they
        stand beside the cells of the photo, and one attention weighs both.
    """

    def __init__(self, num_words: int, dim: int) -> None:
        super().__init__()
        self.word = nn.Embedding(num_words, dim)
        self.certainty = nn.Linear(1, dim)
        self.norm = nn.LayerNorm(dim)

    def forward(self, detected: DetectedConcepts) -> Float[Tensor, "batch concepts dim"]:
        """Embed the chosen words of each photo."""
        probabilities = detected.probabilities.gather(1, detected.word_ids)
        certainty = self.certainty(probabilities.clamp(min=LEAST_PROBABILITY).log().unsqueeze(-1))
        embedded: Tensor = self.norm(self.word(detected.word_ids) + certainty)
        return embedded
