"""`Task`: what the trainer asks of a modality, from its examples to what its model card says."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from captioner.config import Experiment
from captioner.data.batching import EpochPlan
from captioner.metrics import Report
from captioner.model.captioner_model import CaptionerModel
from captioner.training.model_card import CardTexts
from captioner.training.reward import Reward

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


class Sources(Protocol):
    """The encoder's inputs, by number."""

    def load(self, numbers: Sequence[int], views: Sequence[int], seed: int) -> Any:
        """Return a batch; it has a method `to(device)`."""
        ...


class Scorer(Protocol):
    """Scores the texts decoded from the validation examples."""

    def score(self, hypotheses: Mapping[int, str]) -> Report:
        """Score one text for each number."""
        ...


class Task(Protocol):
    """Examples of one modality, and how they are batched, scored and described.

    Attributes:
        config: The experiment; `open` completes it with what the model decides.
        targets: The target texts of each training example.
        val_targets: The target texts of each validation example.
        val_names: The name of each validation example: a file, or the sentence itself.
        languages: The language of each training example's texts; empty where the model writes one
            language.
        val_languages: The same for the validation examples.
        scorer: Scores the texts decoded from the validation examples.
        selection_metric: The score that decides which epoch is the best.
        second_metric: Another score, printed and drawn beside it.
        num_groups: Number of groups of similar length into which a batch's targets are sorted.
        from_features: Whether the sources are the output of a backbone's frozen stages; known once
            they are open.
        train: The training sources.
        val: The validation sources.
    """

    selection_metric: str
    second_metric: str
    num_groups: int
    from_features: bool

    @property
    def config(self) -> Experiment: ...  # noqa: D102 (an attribute that only the task itself sets)
    @property
    def languages(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def val_languages(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def targets(self) -> Sequence[Sequence[str]]: ...  # noqa: D102
    @property
    def val_targets(self) -> Sequence[Sequence[str]]: ...  # noqa: D102
    @property
    def val_names(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def scorer(self) -> Scorer: ...  # noqa: D102
    @property
    def train(self) -> Sources: ...  # noqa: D102
    @property
    def val(self) -> Sources: ...  # noqa: D102

    def train_tokenizer(self, known: "PreTrainedTokenizerFast | None") -> "PreTrainedTokenizerFast":
        """Train the tokenizer that the data need.

        Args:
            known: The tokenizer of the model with which the run begins. It is kept; a tokenizer of
                words gets the words that it lacks.
        """
        ...

    def prepare(
        self, initial: CaptionerModel | None, tokenizer: "PreTrainedTokenizerFast"
    ) -> Experiment:
        """Complete the settings from the data before the model is built, and return them.

        Args:
            initial: The model whose weights the run begins with.
            tokenizer: The tokenizer of the targets.
        """
        ...

    def open(self, model: CaptionerModel) -> None:
        """Prepare the sources for a model."""
        ...

    def plan(self, lengths: Sequence[int], epoch: int) -> EpochPlan:
        """Plan the batches of one epoch.

        Args:
            lengths: Number of target tokens of each training example, EOS included.
            epoch: Counted from 0.
        """
        ...

    def reward(self, weights: Mapping[str, float]) -> Reward:
        """Return the reward of self-critical training, by the weights of its scores.

        Raises:
            ConfigError: There is no such score.
        """
        ...

    def card(self) -> CardTexts:
        """Return the texts of the model's card that depend on the modality."""
        ...


def prefetch(jobs: Iterable[tuple[Sources, Sequence[int], Sequence[int], int]]) -> Iterator[Any]:
    """Load each job's sources while the caller still works on those of the previous job.

    Args:
        jobs: The sources to load from, and the arguments of their `load`.
    """
    with ThreadPoolExecutor(1) as thread:
        waiting = None
        for sources, numbers, views, seed in jobs:
            upcoming = thread.submit(sources.load, numbers, views, seed)
            if waiting is not None:
                yield waiting.result()
            waiting = upcoming
        if waiting is not None:
            yield waiting.result()
