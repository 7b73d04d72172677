"""The encoder of sentences with photos: joins the positions of two encoders in one memory."""

from dataclasses import replace

from jaxtyping import Int
from torch import Tensor, nn

from captioner.config import ImageConfig, PhotoTextEncoderConfig
from captioner.modules.encoders.contract import Encoder
from captioner.modules.encoders.image import ImageEncoder
from captioner.modules.encoders.text import TextEncoder
from captioner.modules.memory import Memory
from captioner.preprocess.text import IllustratedSentences

INITIAL_STD = 0.01
"""Standard deviation of the initial weights between photo and decoder. It is so small that a
translator that learnt without photos begins with hardly any attention to them.
"""


class PhotoTextEncoder(Encoder):
    """Reads a sentence, and the photo beside it where there is one.

    The sentence's positions come first. Those of a missing photo are masked, so the memory is that
    of the sentence alone.

    Args:
        config: Settings of both encoders.
        vocab_size: Number of tokens of the source.
        pad_id: The padding token, whose embedding stays zero.

    Raises:
        ConfigError: As of `ImageEncoder`.

    Source:
        One attention over the positions of both: Libovický and Helcl 2017, arXiv:1704.06567,
        section 3.2, flat combination; keys and values of the photo are projected to the width of
        the sentence's.
    """

    def __init__(self, config: PhotoTextEncoderConfig, vocab_size: int, pad_id: int) -> None:
        super().__init__()
        self.photo = ImageEncoder(config.photo)
        self.text = TextEncoder(config.text, vocab_size, pad_id)
        self.keys = nn.Linear(config.photo.dim, config.dim)
        self.values = nn.Linear(config.photo.dim, config.dim)
        for layer in (self.keys, self.values):
            nn.init.normal_(layer.weight, std=INITIAL_STD)
            nn.init.zeros_(layer.bias)

    def normalised_for(self, image: ImageConfig) -> ImageConfig:
        """Fill in the backbone's own mean and standard deviation unless they are given."""
        return self.photo.normalised_for(image)

    def published_names(self) -> frozenset[str]:
        """Name the backbone's weights."""
        return frozenset(f"photo.{name}" for name in self.photo.published_names())

    def load_published(self) -> None:
        """Fill the backbone with pretrained weights.

        Raises:
            ModelError: They cannot be had.
            MissingExtraError: The package that carries them is not installed.
        """
        self.photo.load_published()

    def fingerprint(self) -> str:
        """Return a hash of the backbone."""
        return self.photo.fingerprint()

    def forward(self, inputs: IllustratedSentences) -> Memory:
        """Encode sentences and photos that are already resized and normalised.

        Raises:
            ShapeError: A sentence has more tokens than the encoder has positions.
        """
        photos = None if inputs.photos is None else self.photo.features(inputs.photos)
        return self.embed(replace(inputs, photos=photos))

    def embed(self, inputs: IllustratedSentences) -> Memory:
        """Encode sentences, and photos by their features."""
        read = self.text(inputs.sentences)
        if inputs.photos is None:
            return read  # type: ignore[no-any-return]
        photos = self._projected(self.photo.embed(inputs.photos))
        return read.beside(_of_each(photos, inputs.numbers))  # type: ignore[no-any-return]

    def _projected(self, photos: Memory) -> Memory:
        keys, values = self.keys(photos.keys), self.values(photos.values)
        return Memory(keys=keys, values=values, mask=photos.mask, layout=photos.layout)


def text_encoder_of(encoder: Encoder) -> TextEncoder | None:
    """Return the encoder of sentences, alone or beside photos; None where there is none."""
    reader = encoder.text if isinstance(encoder, PhotoTextEncoder) else encoder
    return reader if isinstance(reader, TextEncoder) else None


def _of_each(photos: Memory, numbers: Int[Tensor, " batch"]) -> Memory:
    """Return the memory of each sentence's photo, masked where there is none."""
    each = photos.select(numbers.clamp(min=0))
    return replace(each, mask=each.mask & (numbers >= 0).unsqueeze(1))
