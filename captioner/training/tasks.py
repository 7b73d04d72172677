"""The task of each sense, chosen by the experiment."""

from captioner.config import Experiment, PhotoConfig, SpeechConfig
from captioner.training.photo_task import PhotoTask
from captioner.training.sentence_task import SentenceTask
from captioner.training.speech_task import SpeechTask
from captioner.training.task import Task


def build_task(config: Experiment) -> Task:
    """Read the data that an experiment is about.

    Raises:
        ConfigError: The config names no data.
        DataError: The data cannot be used.
    """
    if isinstance(config, PhotoConfig):
        return PhotoTask(config)
    if isinstance(config, SpeechConfig):
        return SpeechTask(config)
    return SentenceTask(config)
