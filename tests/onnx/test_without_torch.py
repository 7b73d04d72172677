"""ONNX Runtime runs graphs without torch and transformers, with torch's captions."""

import json
import subprocess
import sys

import pytest

from captioner.pipeline import load

pytestmark = pytest.mark.slow

# All that the package requires but what docs/serve.md says an installation without torch needs.
MISSING = (
    *("torch", "torchvision", "timm", "transformers", "safetensors", "onnx", "onnxscript"),
    *("nltk", "sentencex", "py3langid", "httpx", "matplotlib", "gradio"),
)
BEFORE = f"import json, sys; sys.modules.update(dict.fromkeys({MISSING}))\n"
OPTIONS = [
    *({"beam_size": 1}, {}, {"beam_size": 5, "num_captions": 3}, {"length_penalty": 0.0}),
    *({"num_groups": 2, "beam_size": 4, "num_captions": 2}, {"no_repeat_concepts": True}),
    *({"sample": True, "num_captions": 2}, {"begin": "red picture"}, {"required_words": ["green"]}),
    {"no_repeat_ngram_size": 1, "banned_words": ["red"]},
]
CAPTION = """
import captioner
model = captioner.load(sys.argv[1], engine=sys.argv[4])
photos, options = json.loads(sys.argv[2]), json.loads(sys.argv[3])
for changes in options:
    found = model.caption(photos, **changes)
    print(json.dumps([[[one.text, one.confidence] for one in each.candidates] for each in found]))
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BEFORE + script, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_captions_and_confidences_are_torchs(exported, photos):
    model = load(exported[0], "cpu")
    options = [*OPTIONS, {"hint": ["green"], "concepts": 2}] if model.recognises else OPTIONS
    ran = run(
        CAPTION, str(exported[1]), json.dumps([*map(str, photos)]), json.dumps(options), "onnx"
    )
    assert ran.returncode == 0, ran.stderr
    for changes, line in zip(options, ran.stdout.splitlines(), strict=True):
        for result, found in zip(model.caption(photos, **changes), json.loads(line), strict=True):
            assert [text for text, _ in found] == [one.text for one in result.candidates], changes
            expected = [one.confidence for one in result.candidates]
            assert [sure for _, sure in found] == pytest.approx(expected, abs=1e-4)


def test_the_command_line_captions_a_folder(exported, photos, tmp_path):
    script = "from captioner.cli import main; sys.argv[0] = 'captioner'; main()"
    output = tmp_path / "captions.jsonl"
    folder = str(photos[0].parent)
    named = ["--model", str(exported[1]), "--engine", "onnx"]
    ran = run(script, "caption", folder, *named, "--output", str(output))
    assert ran.returncode == 0, ran.stderr
    rows = map(json.loads, output.read_text().splitlines())
    expected = [result.text for result in load(exported[0], "cpu").caption(photos)]
    assert [row["caption"] for row in rows] == expected


@pytest.mark.parametrize(("model", "options"), [("everyday", {}), (None, {"language": "de"})])
def test_what_needs_torch_says_so(exported, photos, model, options):
    given = model or str(exported[1]), json.dumps([str(photos[0])]), json.dumps([options]), "auto"
    ran = run(CAPTION, *given)
    assert ran.stderr.splitlines()[-1].startswith("captioner.errors.UsageError: torch is not")
