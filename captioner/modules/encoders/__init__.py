"""The encoders, one per modality; only `photo_text` uses others."""

from captioner.config import (
    EncoderConfig,
    ImageEncoderConfig,
    PhotoTextEncoderConfig,
    SpeechEncoderConfig,
    VideoEncoderConfig,
)
from captioner.modules.encoders.contract import Encoder
from captioner.modules.encoders.image import ImageEncoder
from captioner.modules.encoders.photo_text import PhotoTextEncoder, text_encoder_of
from captioner.modules.encoders.speech import SpeechEncoder
from captioner.modules.encoders.text import TextEncoder
from captioner.modules.encoders.video import VideoEncoder

__all__ = [
    "Encoder",
    "ImageEncoder",
    "PhotoTextEncoder",
    "SpeechEncoder",
    "TextEncoder",
    "VideoEncoder",
    "build_encoder",
    "text_encoder_of",
]


def build_encoder(config: EncoderConfig, vocab_size: int, pad_id: int) -> Encoder:
    """Build the encoder of some settings; only encoders that read text use the token numbers."""
    if isinstance(config, ImageEncoderConfig):
        return ImageEncoder(config)
    if isinstance(config, SpeechEncoderConfig):
        return SpeechEncoder(config)
    if isinstance(config, VideoEncoderConfig):
        return VideoEncoder(config)
    if isinstance(config, PhotoTextEncoderConfig):
        return PhotoTextEncoder(config, vocab_size, pad_id)
    return TextEncoder(config, vocab_size, pad_id)
