"""Small, fast image-to-text: a convolutional encoder, an attention LSTM decoder and beam search."""

__version__ = "0.1.0"
