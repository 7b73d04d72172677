"""Chooses the task of an experiment by its modality."""

from captioner.config import Experiment, PhotoConfig, PhotoSentenceConfig, SpeechConfig, VideoConfig
from captioner.training.photo_sentence_task import PhotoSentenceTask
from captioner.training.photo_task import PhotoTask
from captioner.training.sentence_task import SentenceTask
from captioner.training.speech_task import SpeechTask
from captioner.training.task import Task
from captioner.training.video_task import VideoTask


def build_task(config: Experiment) -> Task:
    """Build the task of an experiment, which reads its data.

    Raises:
        ConfigError: The config names no data.
        DataError: The data cannot be used.
    """
    if isinstance(config, PhotoConfig):
        return PhotoTask(config)
    if isinstance(config, PhotoSentenceConfig):
        return PhotoSentenceTask(config)
    if isinstance(config, SpeechConfig):
        return SpeechTask(config)
    if isinstance(config, VideoConfig):
        return VideoTask(config)
    return SentenceTask(config)
