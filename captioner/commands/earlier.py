"""Keeps the earlier spelling of `captioner evaluate`, without a task, for one more version."""

from typing import Any

from typer.core import TyperGroup

from captioner.terminal import print_note

TASKS = {
    "--images": "captions",
    "--source": "translations",
    "--recordings": "transcripts",
    "--videos": "actions",
}
"""The task that each option implied in earlier versions."""

DEPRECATED = (
    "write `captioner evaluate {task} ...`: the next version does not guess the task from"
    " the options"
)


class EvaluateGroup(TyperGroup):
    """Accepts the earlier spelling, options without a task, for one more version."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert a missing task before the options that imply it, and print a warning."""
        if args and args[0].startswith("-"):
            options = [argument.partition("=")[0] for argument in args]
            task = next((task for option, task in TASKS.items() if option in options), None)
            if task == "actions" and "--references" in options:
                task = "video-captions"
            if task is not None:
                print_note(f"captioner: {DEPRECATED.format(task=task)}")
                args = [task, *args]
        return super().parse_args(ctx, args)
