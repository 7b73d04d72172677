"""The command line: parses, calls the pipeline, prints.

Nothing heavy is imported before a command needs it.
"""

import logging
from typing import Annotated, Literal

import typer

from captioner import __version__
from captioner.allocator import keep_freed_memory
from captioner.commands.app import app as web_page
from captioner.commands.caption import caption, demo
from captioner.commands.evaluate import app as evaluate
from captioner.commands.export import export
from captioner.commands.options import Commands
from captioner.commands.recognize import recognize
from captioner.commands.score import compare, score
from captioner.commands.serve import serve
from captioner.commands.train import models, train
from captioner.commands.transcribe import transcribe
from captioner.commands.translate import translate
from captioner.errors import CaptionerError, CheckpointError, ConfigError, OutputError, UsageError
from captioner.terminal import (
    flush_output,
    open_streams,
    print_note,
    print_notes,
    print_text,
    printable,
)

COMMANDS = (
    caption,
    demo,
    web_page,
    serve,
    score,
    compare,
    translate,
    transcribe,
    recognize,
    train,
    export,
    models,
)

app = Commands(
    help="Photos to captions, text to translations, speech to text, clips to actions, on a CPU;"
    " measures and trains.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"] | None,
        typer.Option(help="Say on standard error what libraries log, from this level on."),
    ] = None,
) -> None:
    if log_level is not None:
        logging.basicConfig(level=log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    if version:
        print_text(__version__)
        raise typer.Exit


for command in COMMANDS:
    app.command()(command)
app.add_typer(evaluate)


def main() -> None:
    """Run the command line.

    Every error that captioner knows becomes one line and an exit status.
    """
    open_streams()
    keep_freed_memory()
    try:
        try:
            app()
        finally:
            flush_output()
    except (UsageError, ConfigError) as error:
        _end(error, 2)
    except CaptionerError as error:
        _end(error, 1)
    except BrokenPipeError:  # whoever read standard output has ended, and wants no more
        raise SystemExit(1) from None
    except OSError as error:
        _end(
            OutputError(
                ": ".join(str(part) for part in (error.filename, error.strerror or error) if part)
            ),
            1,
        )
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _end(error: Exception, status: int) -> None:
    told = f"captioner: {error}"
    if isinstance(error, ConfigError | CheckpointError):  # a line for each thing that is wrong
        print_notes("\n".join(map(printable, told.split("\n"))))
    else:
        print_note(told)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
