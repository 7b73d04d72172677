"""The image encoder: a timm backbone's feature map, projected to the attention's width."""

from collections.abc import Sequence
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor, nn

from captioner.config import ImageEncoderConfig
from captioner.errors import ConfigError
from captioner.modules.encoders.backbone import BackboneEncoder, last_map
from captioner.modules.encoders.chain import divide
from captioner.modules.encoders.concepts import ConceptDetector, ConceptEmbedding
from captioner.modules.memory import DetectedConcepts, GridLayout, Memory


class ImageEncoder(BackboneEncoder):
    """A convolutional backbone, and a projection of each position of its last map.

    Where the config says so, a detector predicts words from the same map, and the most telling
    words become positions of the memory, too.

    The backbone's batch statistics stay as they were pretrained, also where its last stages are
    fine-tuned.

    Args:
        config: The backbone, and the width of the memory.

    Raises:
        ConfigError: timm does not know the backbone, it has too few stages for `trainable_from`, or
            the words to detect are not given.
    """

    def __init__(self, config: ImageEncoderConfig) -> None:
        super().__init__(config)
        self.config = config
        if config.concepts and not config.concept_words:
            raise ConfigError(
                "encoder.concept_words: the words to detect are missing; a model of version 0.1"
                " that named what it saw has to be trained again"
            )
        # The channels of its last map, before any layer after the pooling.
        self.num_features: int = self.backbone.num_features
        self.project = nn.Linear(self.num_features, config.dim)
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = nn.Dropout(config.dropout)
        if config.concepts:
            self.detector = ConceptDetector(
                self.num_features, len(config.concept_words)
            ).requires_grad_(False)
            self.concept_embedding = ConceptEmbedding(len(config.concept_words), config.dim)
        tuned = self.trainable_names()
        for name, parameter in self.backbone.named_parameters():
            parameter.requires_grad = name in tuned

    def trainable_names(self) -> frozenset[str]:
        """Return the names of the backbone's fine-tuned parameters, from `trainable_from` on.

        Raises:
            ConfigError: The backbone has no such stage.
        """
        from timm.models import group_parameters

        if self.config.trainable_from is None:
            return frozenset()
        stages = group_parameters(
            self.backbone, self.backbone.group_matcher(coarse=True), reverse=True
        )
        if self.config.trainable_from > max(stages.values()):
            last = max(stages.values())
            raise ConfigError(
                f"encoder.trainable_from: {self.config.backbone} has stages 0 to {last}"
            )
        return frozenset(
            name for name, stage in stages.items() if stage >= self.config.trainable_from
        )

    def frozen_fingerprint(self) -> str:
        """Return a hash of what `frozen_features` depends on."""
        return self._fingerprint_of(self.backbone if self._halves is None else self._halves[0])

    @cached_property
    def _halves(self) -> tuple[nn.Sequential, nn.Sequential] | None:
        return divide(self.backbone, self.trainable_names())

    @property
    def is_partly_frozen(self) -> bool:
        """Whether its first stages are frozen, so that their output for a photo can be cached."""
        return self.config.trainable_from is None or self._halves is not None

    def features(
        self, pixel_values: Float[Tensor, "batch 3 pixel_height pixel_width"]
    ) -> Float[Tensor, "batch height width channels"]:
        """Run the backbone alone."""
        return last_map(self.backbone, pixel_values)

    def frozen_features(
        self, pixel_values: Float[Tensor, "batch 3 pixel_height pixel_width"]
    ) -> Float[Tensor, "batch height width channels"]:
        """Run the frozen front of the backbone, whose output can be cached."""
        if self._halves is None:
            return self.features(pixel_values)
        maps: Tensor = self._halves[0](pixel_values.contiguous(memory_format=torch.channels_last))
        return maps.permute(0, 2, 3, 1)

    def features_behind(
        self, frozen: Float[Tensor, "batch height width channels"]
    ) -> Float[Tensor, "batch last_height last_width last_channels"]:
        """Run the rest of the backbone on the output of `frozen_features`."""
        if self._halves is None:
            return frozen
        maps: Tensor = self._halves[1](frozen.permute(0, 3, 1, 2))
        return maps.permute(0, 2, 3, 1)

    def values(
        self, features: Float[Tensor, "batch height width channels"]
    ) -> Float[Tensor, "batch source dim"]:
        """Project features to one value for each cell of the map, row by row."""
        values: Tensor = self.dropout(self.norm(self.project(features.flatten(1, 2))))
        return values

    def embed(self, features: Float[Tensor, "batch height width channels"]) -> Memory:
        """Make a memory of features and of the words that the detector finds in them."""
        if not self.config.concepts:
            return self._memory(self.values(features), features.shape[1:3], None)
        with torch.no_grad():
            probabilities = self.detector(features)
        return self.embed_with(features, probabilities)

    def embed_with(
        self,
        features: Float[Tensor, "batch height width channels"] | None,
        probabilities: Float[Tensor, "batch words"],
    ) -> Memory:
        """Make a memory of features and of given probabilities of words, for training.

        Args:
            features: None where there is no photo: the memory then consists of words alone.
            probabilities: The probability of each of `concept_words`.
        """
        detected = DetectedConcepts.most_telling(
            probabilities, self.detector.frequencies, self.config.concepts
        )
        words = self.dropout(self.concept_embedding(detected))
        if features is None:
            return self._memory(words, (0, 0), detected)
        return self._memory(
            torch.cat([self.values(features), words], 1), features.shape[1:3], detected
        )

    @staticmethod
    def _memory(
        values: Float[Tensor, "batch source dim"],
        grid: Sequence[int],
        concepts: DetectedConcepts | None,
    ) -> Memory:
        mask = torch.ones(values.shape[:2], dtype=torch.bool, device=values.device)
        return Memory(
            keys=values, values=values, mask=mask, layout=GridLayout(*grid), concepts=concepts
        )

    def forward(self, pixel_values: Float[Tensor, "batch 3 pixel_height pixel_width"]) -> Memory:
        """Encode photos that are already resized and normalised."""
        return self.embed(self.features(pixel_values))
