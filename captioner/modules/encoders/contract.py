"""What every encoder offers beside `forward(inputs) -> Memory`: which of its weights were published elsewhere."""

from torch import nn


class Encoder(nn.Module):
    """A convolutional network that turns one kind of input into a `Memory`; this one has no weights but its own."""

    def published_names(self) -> frozenset[str]:
        """Name what of `state_dict` is fetched from where it was published, and so never stands in a model's file."""
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
