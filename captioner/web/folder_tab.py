"""The Folder tab: captions many photos or a ZIP; captions can be edited and downloaded as a ZIP."""

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import gradio as gr

from captioner.errors import UsageError
from captioner.web.controls import Handlers, endpoint, language_choice, model_choice, uploads_only
from captioner.web.folder_run import FolderRun, as_rows
from captioner.web.limits import Limits
from captioner.web.messages import told
from captioner.web.registry import ModelRegistry
from captioner.web.uploads import uploads

COLUMNS = ["photo", "caption", "problem"]


class _Parts(NamedTuple):
    """The components that change during a run, in the order in which handlers return them."""

    run: gr.State
    progress: gr.HTML
    gallery: gr.Gallery
    table: gr.Dataframe
    download: gr.DownloadButton
    start: gr.Button
    stop: gr.Button


def folder_tab(registry: ModelRegistry, limits: Limits) -> None:
    """Lay the tab out and connect it."""
    run = gr.State(None, time_to_live=limits.keep_s, delete_callback=_forget)
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=2, min_width=300):
            files = gr.File(
                label=f"Photos or a ZIP, at most {limits.files} photos",
                file_count="multiple",
                height=200,
                elem_id="files",
                elem_classes="ask",
            )
            uploads_only(files)
            with gr.Row(elem_classes="ask"):
                start = gr.Button("Caption all", variant="primary", elem_id="start", min_width=120)
                stop = gr.Button("Stop", interactive=False, elem_id="stop", min_width=80)
            language = language_choice()
            model = model_choice(registry, "image")
        with gr.Column(scale=3, min_width=300):
            progress = gr.HTML(
                _progress(None), elem_id="progress", elem_classes="answer", js_on_load=None
            )
            gallery = gr.Gallery(
                label="Captioned photos",
                show_label=False,
                columns=3,
                height="auto",
                object_fit="cover",
                buttons=[],
                visible=False,
                elem_id="gallery",
                elem_classes="answer",
            )
    table = _table()
    download = gr.DownloadButton("Download all as ZIP", visible=False, elem_id="download")
    parts = _Parts(run, progress, gallery, table, download, start, stop)
    _connect(_Work(registry, limits), parts, [files, model, language], limits)


def _table() -> gr.Dataframe:
    return gr.Dataframe(
        headers=COLUMNS,
        datatype="str",
        type="array",
        interactive=True,
        static_columns=[0, 2],
        wrap=True,
        label="Captions: choose one to edit it",
        elem_id="table",
        column_widths=["26%", "50%", "24%"],
        visible=False,
        buttons=["copy"],
    )


def _connect(
    work: "_Work", parts: _Parts, asked: list[gr.components.Component], limits: Limits
) -> None:
    quiet: dict[str, Any] = {
        "api_visibility": "private",
        "show_progress": "hidden",
        "preprocess": False,
    }
    group: dict[str, Any] = {"concurrency_id": "folders", "concurrency_limit": limits.workers}
    parts.start.click(told(work.show_all), [*asked, parts.run], list(parts), **quiet, **group)
    parts.stop.click(told(work.stop), parts.run, parts.progress, queue=False, **quiet)
    parts.table.input(
        told(work.edit), [parts.table, parts.run], [parts.gallery, parts.download], **quiet
    )
    files, model, language = asked
    records = gr.JSON(label="records", visible=False)
    results = gr.File(label="results", visible=False)
    endpoint(
        work.caption_files,
        "caption_files",
        [files, model, parts.run, language],
        [parts.run, records, results],
        "folders",
        limits.workers,
    )
    endpoint(
        work.stop_files,
        "stop_files",
        [parts.run],
        gr.JSON(label="stopping", visible=False),
        "stop",
        100,
    )


class _Work(Handlers):
    """The tab's handlers; Gradio passes each visitor's own run to them."""

    def show_all(
        self, files: Any, model: str, language: str, before: FolderRun | None
    ) -> Iterator[tuple[Any, ...]]:
        for run, ended in self._steps(files, model, language, before):
            yield (
                run,
                _progress(run, ended),
                gr.update(value=_pictures(run), visible=bool(run.thumbnails)),
                gr.update(value=as_rows(run.records), visible=True),
                gr.update(
                    value=str(run.results()) if ended and run.records else None, visible=ended
                ),
                gr.update(interactive=ended),
                gr.update(interactive=not ended),
            )

    def caption_files(
        self, files: Any, model: Any, run: Any, language: Any = ""
    ) -> Iterator[tuple[FolderRun, dict[str, Any], str | None]]:
        """Caption many photos, or those of a ZIP, in `language`, a code such as de.

        Answers come as the work goes on, each with the number that is done, the total and a record
        for each photo; a file that failed has an error that says why. The last one brings a ZIP
        with JSON lines, CSV, COCO results and a text for each photo.
        """
        for current, ended in self._steps(files, model, language, run):
            told_so_far = {
                "done": len(current.records),
                "total": len(current.photos),
                "records": [record.to_row("caption") for record in current.records],
            }
            yield current, told_so_far, str(current.results()) if ended else None

    def stop_files(self, run: Any) -> dict[str, bool]:
        """End this session's run over many photos after those in hand; what is done is kept."""
        self.stop(run)
        return {"stopping": run is not None}

    def stop(self, run: FolderRun | None) -> str:
        if run is not None:
            run.stopping = True
        return _progress(run)

    def edit(self, table: Mapping[str, Any], run: FolderRun | None) -> tuple[Any, Any]:
        if run is None:
            raise UsageError("these captions are gone from the server; caption the photos again")
        run.edit({row[0]: row[1] for row in table["data"]})
        return _pictures(run), gr.update(value=str(run.results()))

    def _steps(
        self, files: Any, model: str, language: Any, before: FolderRun | None
    ) -> Iterator[tuple[FolderRun, bool]]:
        """Yield the run, and whether it has ended."""
        # The folder lies beside the uploads, so that it is removed with them when the page ends,
        # even if Gradio has not deleted the visitor's state.
        run = FolderRun(uploads(files), self._limits, os.environ.get("GRADIO_TEMP_DIR"))
        if before is not None:
            before.close()
        yield run, False
        captioner = self._registry.get(model, "image")
        for _ in run.steps(captioner, captioner.options(language=str(language or ""))):
            yield run, False
        yield run, True


def _forget(run: FolderRun | None) -> None:
    if run is not None:
        run.close()


def _pictures(run: FolderRun) -> list[tuple[str, str]]:
    captions = {record.file: record.caption or "" for record in run.records}
    return [(str(path), captions[name]) for name, path in run.thumbnails.items()]


def _progress(run: FolderRun | None, ended: bool = False) -> str:
    """Show a run's progress, rate, remaining time and number of failures."""
    if run is None:
        return (
            '<div class="empty"><p>Captions for many photos at once.</p><p class="quiet">Drop'
            " photos or a ZIP, then "
            "press Caption all. Each caption can be edited before you download them.</p></div>"
        )
    done, total = len(run.records), len(run.photos)
    facts = [f"{done} of {total} photos"]
    if done:
        facts.append(f"{run.rate:.1f} photos/s")
    if run.num_failed:
        facts.append(f"{run.num_failed} failed: the table says why")
    if ended:
        facts.append("done" if done == total else "stopped; what is done is kept")
    elif run.stopping:
        facts.append("stopping …")
    elif done:
        facts.append(f"{run.left_s // 60:.0f}:{run.left_s % 60:02.0f} left")
    return (
        f'<div class="progress" role="status"><progress value="{done}" max="{total}"'
        ' aria-label="Photos captioned">'
        f"</progress><p>{' · '.join(facts)}</p></div>"
    )
