"""Chooses what runs the model of `caption`: torch or ONNX Runtime here, or a Ray cluster."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from captioner.errors import UsageError

if TYPE_CHECKING:
    from captioner.batch import Run
    from captioner.batch.run import Engine
    from captioner.config import SearchConfig
    from captioner.pipeline import ActionRecognizer, Captioner


@dataclass(frozen=True)
class Backend:
    """The model and what runs it, as the user named them.

    Attributes:
        model: One model, or several that write together as an ensemble.
        device: Where torch runs.
        engine: `auto`, `torch`, `onnx`, `openvino` or `ray`.
        ray_address: The address of the Ray cluster.
        is_video: Whether the model captions clips.
    """

    model: list[str]
    device: str
    engine: str
    ray_address: str | None
    is_video: bool

    def check(self, run: "Run") -> None:
        """Check that the engine can run the model.

        Raises:
            UsageError: The engine does not support an option.
        """
        on_ray = self.engine == "ray"
        if self.ray_address is not None and not on_ray:
            raise UsageError("--ray-address needs a Ray cluster: add --engine ray")
        if run.destinations.attention and (on_ray or self.model[0].startswith("hf:")):
            raise UsageError(
                "--explain: only our own models, on this machine, tell where they looked"
            )
        if self.is_video and self.engine in ("onnx", "openvino", "ray"):
            raise UsageError(
                f"--engine {self.engine}: clips are captioned by torch on this machine; leave"
                " --engine out"
            )
        if on_ray and "-" in run.files:
            raise UsageError(
                "--engine ray: its workers have no standard input; give the photo a name"
            )
        if on_ray and len(self.model) > 1:
            raise UsageError("--engine ray: there each worker has one model; give one --model")

    def load(self, num_photos: int) -> "Captioner | ActionRecognizer":
        """Load the model; with a Ray cluster, it serves here only for its name and options."""
        from captioner.pipeline import load_captioner, load_recognizer

        if self.is_video:
            return load_recognizer(self.model, self.device)
        if self.engine == "ray":
            return load_captioner(self.model, self.device)
        return load_captioner(self.model, self.device, self.engine, num_photos)

    def batches(
        self,
        captioner: "Captioner | ActionRecognizer",
        search: "SearchConfig",
        batch_size: int | None,
    ) -> "Engine":
        """Return the function that captions files in batches."""
        if self.engine != "ray":
            from captioner.batch import caption_batches

            return lambda todo, stop: caption_batches(captioner, todo, search, batch_size, stop)
        from captioner.batch.ray_data import caption_on_ray

        return partial(
            caption_on_ray,
            model=self.model[0],
            device=self.device,
            search=search,
            batch_size=batch_size,
            address=self.ray_address,
        )
