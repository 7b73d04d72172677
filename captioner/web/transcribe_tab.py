"""The Transcribe tab: transcribes a recording from a file or the microphone."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from captioner.errors import FileTooLargeError
from captioner.web.controls import Handlers, answer, endpoint, model_choice, uploads_only
from captioner.web.limits import Limits
from captioner.web.registry import ModelRegistry
from captioner.web.transcript_view import transcript_view
from captioner.web.uploads import read_upload

if TYPE_CHECKING:
    from captioner.pipeline import TranscriptResult
    from captioner.preprocess.audio import Samples

EMPTY = """<div class="empty"><p>What is said appears here.</p>
<p class="quiet">Drop a recording, or speak. It stays on the machine that runs this page and is
removed after a while.</p></div>"""


def transcribe_tab(registry: ModelRegistry, limits: Limits) -> None:
    """Lay the tab out and connect it."""
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=2, min_width=300):
            recording = gr.Audio(
                label="Recording",
                sources=["upload", "microphone"],
                type="filepath",
                buttons=[],
                elem_id="recording",
                elem_classes="ask",
            )
            uploads_only(recording)
            model = model_choice(registry, "speech")
        with gr.Column(scale=3, min_width=300):
            transcript = gr.HTML(
                EMPTY, elem_id="transcript", elem_classes="answer", js_on_load=None
            )
    handlers = _Handlers(registry, limits)
    answer([recording.change, model.change], handlers.show, [recording, model], transcript, limits)
    found = gr.JSON(label="transcript", visible=False)
    endpoint(handlers.transcribe, "transcribe", [recording, model], found, "models", limits.workers)


class _Handlers(Handlers):
    """The tab's handlers, for visitors and for programs."""

    def show(self, recording: Any, model: str) -> str:
        return transcript_view(self._transcribed(recording, model)) if recording else EMPTY

    def transcribe(self, recording: Any, model: Any) -> dict[str, Any]:
        """Transcribe one recording.

        Returns the text, its log-probability (nats), how long the recording lasts (seconds), and
        each segment between pauses with its times (seconds) and text.
        """
        result = self._transcribed(recording, model)
        return {
            "model": model,
            "text": result.text,
            "log_prob": result.log_prob,
            "duration_s": result.duration_s,
            "segments": [asdict(one) for one in result.segments],
        }

    def _transcribed(self, recording: Any, model: str) -> "TranscriptResult":
        transcriber = self._registry.get(model, "speech")
        longest_s = self._limits.recording_s

        def read(path: Path) -> "Samples":
            samples: Samples = transcriber.read(path)
            if len(samples) > longest_s * transcriber.sample_rate_hz:
                longest = f"this page takes at most {longest_s / 60:g} minutes"
                raise FileTooLargeError(path, f"{longest}; the command line takes more")
            return samples

        samples = read_upload(recording, "a recording", read)
        results: list[TranscriptResult] = transcriber.transcribe_samples(
            [samples], transcriber.options()
        )
        return results[0]
