"""What every encoder offers besides `forward(inputs) -> Memory`: loading its published weights."""

from torch import nn


class Encoder(nn.Module):
    """A convolutional network that turns one modality into a `Memory`.

    This base class has no published weights.
    """

    def published_names(self) -> frozenset[str]:
        """Name the published part of `state_dict`, which a model's file therefore does not hold."""
        return frozenset()

    def load_published(self) -> None:
        """Load the published part.

        Raises:
            ModelError: It cannot be loaded.
            MissingExtraError: The package that contains it is not installed.
        """

    def fingerprint(self) -> str:
        """Return a hash of the published part; empty if there is none."""
        return ""
