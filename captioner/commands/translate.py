"""`translate`: translates sentences from the command line, a file or a pipe."""

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captioner.commands.options import BeamSize, Device, describe, given, is_stream
from captioner.commands.subtitles import cues_out, read_subtitles_of
from captioner.errors import UsageError
from captioner.terminal import NAMES_AS_THEY_ARE, check_output, print_note, print_text

if TYPE_CHECKING:
    from captioner.pipeline import TranslationResult

LINES_LOOKED_AT = 200  # of a file, to find out its language
LINES_NAMED = 10
OTHER_FORMATS = (".csv", ".json", ".parquet", ".html")  # as `caption` writes them


Texts = Annotated[
    list[str] | None, typer.Argument(help="Sentences; or - to read lines from a pipe.")
]
InputFile = Annotated[
    Path | None,
    typer.Option(
        "--input",
        help="A text file, one text a line; or subtitles, .srt or .vtt; - is standard input.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        help="Write here: lines of text, JSON lines where it ends in .jsonl, or subtitles; - prints"
        " JSON lines."
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        help="A model that `captioner models` lists, a folder, or a hub's owner/name. Default: the"
        " one that ships and translates between the languages. Repeated: models of one vocabulary"
        " that write together."
    ),
]
TargetLanguage = Annotated[
    str | None,
    typer.Option(
        "--to",
        help="The language to write: de, en or fr. Default: German for English, else English.",
    ),
]
SourceLanguage = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="The language to read. Default: it is found out, that of a file from its first lines.",
    ),
]
Photo = Annotated[
    Path | None,
    typer.Option(
        help="A photo that the texts are about, for a model whose encoder is of kind photo+text."
    ),
]
NumTranslations = Annotated[
    int, typer.Option(min=1, help="Translations of each line, best first, with tabs between them.")
]
Alignments = Annotated[
    bool,
    typer.Option(
        "--alignments", help="Add ||| and which source word each word comes from, as 0-0 1-2."
    ),
]
Explain = Annotated[
    Path | None,
    typer.Option(help="Folder for one PNG a sentence: which source words it looked at."),
]
MaxLength = Annotated[int | None, typer.Option(min=1, help=describe("max_length"))]


def translate(
    texts: Texts = None,
    input_file: InputFile = None,
    output: Output = None,
    model: Models = None,
    target_language: TargetLanguage = None,
    source_language: SourceLanguage = None,
    photo: Photo = None,
    num_translations: NumTranslations = 1,
    alignments: Alignments = False,
    explain: Explain = None,
    beam_size: BeamSize = None,
    max_length: MaxLength = None,
    device: Device = "auto",
) -> None:
    """Translate texts, one line out for each line in, or one file of subtitles to another."""
    from captioner.batch.lines import translate_lines
    from captioner.outputs.attention import picture_folder
    from captioner.pipeline import load_translator
    from captioner.pretrained.registry import find_translator

    _check(output, input_file)
    subtitles = read_subtitles_of(input_file, output)
    lines, count = (
        _lines(texts, input_file) if subtitles is None else (subtitles.texts, len(subtitles.texts))
    )
    if subtitles is not None and (num_translations > 1 or alignments):
        raise UsageError(
            "--num-translations, --alignments: subtitles have one text each; leave them out"
        )
    folder = picture_folder(explain) if explain is not None else None
    translator = load_translator(
        model or [find_translator(target_language, source_language)], device
    )
    sample = list(lines)[:LINES_LOOKED_AT] if input_file is not None else []
    direction: tuple[str | None, str | None] = translator.direction(
        sample, source_language, target_language
    )
    if direction[0] == direction[1]:
        raise UsageError(
            f"{input_file}: this reads like {direction[1]} already; choose another language by"
            " --to, or say by --from which one it is written in"
        )
    if input_file is None:  # each of these texts has a language of its own
        direction = (source_language, target_language)
    search = translator.options(
        **given(beam_size=beam_size, max_length=max_length, num_captions=num_translations)
    )
    results = translate_lines(translator, lines, search, *direction, photo)
    if subtitles is not None:
        _write(
            results, count, output, cues_out(output, subtitles), lambda result: result.text, folder
        )
        return
    row = partial(_row, output=output, model=translator.name, alignments=alignments)
    _write(results, count, output, _lines_out(output), row, folder)


def _write(
    results: Iterable["TranslationResult"],
    count: int | None,
    output: Path | None,
    destination: AbstractContextManager[Callable[[str], None]],
    row: Callable[["TranslationResult"], str],
    folder: Path | None,
) -> None:
    """Write each result as it comes, draw it into the folder, and say which lines are doubtful."""
    from captioner.progress import progress

    doubtful: list[int] = []
    already: list[int] = []
    on_screen = (output is None or is_stream(output)) and sys.stdout.isatty()
    with destination as write, progress("sentences", count, "lines", hidden=on_screen) as advance:
        for number, result in enumerate(results, start=1):
            if cut := sum(sentence.num_pieces > 1 for sentence in result.sentences):
                told = f"{cut} of its sentences too long for the model, and translated in pieces"
                print_note(f"line {number}: {told}")
            if result.is_doubtful:
                doubtful.append(number)
            if result.source_language == result.target_language:
                already.append(number)
            write(row(result))
            if folder is not None:
                _draw(folder, number, result)
            advance()
    if already:
        told = "in the language to write already, and left as it is (--from LANGUAGE translates it)"
        print_note(f"{told}: {_numbers(already)}")
    if doubtful:
        print_note(f"translations that may omit or add something: {_numbers(doubtful)}")


def _numbers(lines: list[int]) -> str:
    """Return the numbers of lines as text, of many lines only the first ones."""
    shown = ", ".join(map(str, lines[:LINES_NAMED]))
    more = len(lines) - LINES_NAMED
    return f"line{'s' if len(lines) > 1 else ''} {shown}{f' and {more:,} more' if more > 0 else ''}"


def _lines(texts: list[str] | None, input_file: Path | None) -> tuple[Iterable[str], int | None]:
    """Return the lines to translate, and their number or None if it is unknown until they end."""
    if bool(texts) == bool(input_file):
        raise UsageError(
            "translate: give sentences, or --input FILE, or - to read lines from a pipe"
        )
    if input_file is not None:
        from captioner.data.parallel_text import read_lines

        lines = read_lines(input_file)
        return lines, len(lines)
    if texts == ["-"]:
        return _piped(), None
    return texts or [], len(texts or [])


def _piped() -> Iterator[str]:
    """Yield lines as they come.

    Like the lines of a file they are UTF-8, whatever the terminal's encoding is.
    """
    if sys.stdin is None:
        raise UsageError("standard input is closed: there is nothing to read")
    # sys.stdin itself is not read, since Python would wait for its lock at exit if a thread still
    # reads it.
    with open(sys.stdin.fileno(), "rb", closefd=False) as pipe:
        for number, line in enumerate(pipe, start=1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise UsageError(
                    f"standard input, line {number}: not UTF-8 ({error.reason})"
                ) from error
            yield text.removesuffix("\n").removesuffix("\r")


def _check(output: Path | None, input_file: Path | None) -> None:
    """Check that the output can be written, before a model is loaded."""
    if output is None or is_stream(output):
        check_output()
        return
    from captioner.outputs.disk import check_place

    if output.suffix.lower() in OTHER_FORMATS:
        raise UsageError(
            f"{output}: translations are written as lines of text, or as JSON lines to a .jsonl"
            " file"
        )
    check_place(output)
    if (
        input_file is not None
        and output.exists()
        and input_file.exists()
        and output.samefile(input_file)
    ):
        raise UsageError(f"{output} is what is translated: give the output another name")


@contextmanager
def _lines_out(output: Path | None) -> Iterator[Callable[[str], None]]:
    """Yield a function that writes a line.

    Lines are UTF-8, except on a terminal of another encoding. Lines that are written stay if a
    later one fails.
    """
    if output is None or is_stream(output):
        if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
            sys.stdout.reconfigure(encoding="utf-8", errors=NAMES_AS_THEY_ARE, newline="\n")
        yield print_text
        return
    from captioner.outputs.disk import written_in_place

    with written_in_place(output) as stream:
        yield lambda line: print(line, file=stream, flush=True)


def _row(result: "TranslationResult", output: Path | None, model: str, alignments: bool) -> str:
    from captioner.outputs.translations import json_row, pharaoh, text_line

    if output is not None and (is_stream(output) or output.suffix.lower() == ".jsonl"):
        candidates = [(one.text, one.log_prob) for one in result.candidates]
        sentences = [(one.source, one.text, one.is_doubtful) for one in result.sentences]
        languages = (result.source_language, result.target_language)
        aligned = result.alignments if alignments else None
        return json_row(result.source, candidates, model, sentences, languages, aligned)
    line = text_line([one.text for one in result.candidates])
    return f"{line} ||| {pharaoh(result.alignments)}" if alignments else line


def _draw(folder: Path, number: int, result: "TranslationResult") -> None:
    """Draw a line's attention, or that of each of its sentences where it has several."""
    from captioner.outputs.attention import save_picture
    from captioner.outputs.translations import draw_alignment

    several = result.sentences if len(result.sentences) > 1 else [result]
    for place, one in enumerate(several, start=1):
        path = folder / (f"{number:04d}-{place}.png" if len(several) > 1 else f"{number:04d}.png")
        picture = draw_alignment(one.source_words, one.candidates[0].words, one.attention)
        save_picture(path, picture)
