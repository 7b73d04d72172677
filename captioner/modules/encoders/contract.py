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
        """Fetch it.

        Raises:
            ModelError: It cannot be had.
            MissingExtraError: The package that carries it is not installed.
        """

    def fingerprint(self) -> str:
        """Return a hash of what was published; empty where nothing was."""
        return ""
