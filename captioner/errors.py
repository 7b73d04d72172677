"""All errors that captioner raises; each message says what is wrong, where, and what would help.

    CaptionerError
    ├── UsageError               the command line asks for something that makes no sense
    ├── ConfigError              a setting is unknown, of the wrong type or out of range
    ├── MissingExtraError        an optional library is not installed
    ├── InputError               one input file cannot be used; the others can
    │   ├── FileMissingError     nothing is there, or it may not be read
    │   ├── UnsupportedFileError the file is of a kind that captioner does not read
    │   ├── CorruptFileError     the file is of a known kind, but broken
    │   └── FileTooLargeError    the file would take more pixels or bytes than allowed
    ├── DataError                a dataset cannot be used
    │   ├── AnnotationError      an annotation file is malformed
    │   ├── MissingImageError    an annotation names a photo that is not there
    │   └── EmptyDataError       nothing is left to train on or to measure
    ├── ModelError               a model cannot be found, read or used
    ├── CacheError               the feature cache cannot be used
    ├── ScoreError               hypotheses and references do not fit together
    ├── ShapeError               a tensor has the wrong shape
    ├── OutputError              results cannot be written
    ├── OverloadedError          a server has more to do than it holds
    └── TrainingError            training stopped; the last checkpoint is safe
        ├── NonFiniteLossError   the loss became NaN or infinite
        └── CheckpointError      a checkpoint cannot be written or read

The command line prints the message alone and exits with 1 (2 for `UsageError` and `ConfigError`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class CaptionerError(Exception):
    """The base of all errors that captioner raises on purpose.

    Example:
        >>> try:
        ...     captioner.load("everyday").caption("none.jpg")
        ... except CaptionerError as error:
        ...     print(f"{type(error).__name__}: {error}")
        FileMissingError: none.jpg: no such file
    """


class UsageError(CaptionerError):
    """The command line asks for something that makes no sense."""


class ConfigError(CaptionerError):
    """A setting is unknown, of the wrong type or out of range."""


class MissingExtraError(CaptionerError):
    """An optional library is not installed; the message holds the line that installs it."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"this needs {library}: pip install 'captioner[{extra}]'")


class InputError(CaptionerError):
    """One input file cannot be used.

    Attributes:
        file: The file, as the caller named it.
        reason: What is wrong with it.
    """

    def __init__(self, file: str | Path, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason


class FileMissingError(InputError):
    """Nothing is there, or it may not be read."""


class UnsupportedFileError(InputError):
    """The file is of a kind that captioner does not read."""


class CorruptFileError(InputError):
    """The file is of a known kind, but broken."""


class FileTooLargeError(InputError):
    """The file would take more pixels or bytes than allowed."""


class DataError(CaptionerError):
    """A dataset cannot be used."""


class AnnotationError(DataError):
    """An annotation file is malformed."""


class MissingImageError(DataError):
    """An annotation names a photo that is not there."""


class EmptyDataError(DataError):
    """Nothing is left to train on or to measure."""


class ModelError(CaptionerError):
    """A model cannot be found, read or used."""


@contextmanager
def loading_model(model: str) -> Iterator[None]:
    """Name a model that cannot be loaded, whatever went wrong with its files.

    Args:
        model: What the message begins with.

    Raises:
        ModelError: Anything was raised that is no error of the captioner's, or one of the model's
            own settings.
    """
    try:
        yield
    except ConfigError as error:  # of the model's own settings, not of the user's
        raise ModelError(f"{model} cannot be loaded: {error}") from error
    except CaptionerError:
        raise
    # Of broken files, transformers, tokenizers and safetensors raise all kinds.
    except Exception as error:
        raise ModelError(f"{model} cannot be loaded: {error}") from error


class CacheError(CaptionerError):
    """The feature cache cannot be used."""


class ScoreError(CaptionerError):
    """Hypotheses and references do not fit together."""


class ShapeError(CaptionerError):
    """A tensor has the wrong shape."""


class OutputError(CaptionerError):
    """Results cannot be written."""


class OverloadedError(CaptionerError):
    """A server has more to do than it holds."""


class TrainingError(CaptionerError):
    """Training stopped; the last checkpoint is safe."""


class NonFiniteLossError(TrainingError):
    """The loss became NaN or infinite."""


class CheckpointError(TrainingError):
    """A checkpoint cannot be written or read."""
