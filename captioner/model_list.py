"""The models that ship, and what each says of itself in its card; torch is not needed to list them."""

from collections.abc import Iterator
from pathlib import Path

MODELS = Path(__file__).parent / "models"


def list_models() -> list[Path]:
    """Return the folders of the models that ship."""
    return sorted(path.parent for path in MODELS.glob("*/config.json"))


def describe_models() -> Iterator[str]:
    """Yield name, size, scores with their data, and licence of each model that ships."""
    from huggingface_hub import ModelCard

    for folder in list_models():
        card = ModelCard.load(folder / "README.md").data
        size_mb = (folder / "model.safetensors").stat().st_size / 1e6
        results = card.eval_results or []
        scores = ", ".join(f"{result.metric_name} {result.metric_value:.1f}" for result in results)
        measured = f" on {results[0].dataset_name} {results[0].dataset_split}" if results else ""
        yield f"{folder.name}\t{size_mb:.1f} MB\t{scores}{measured}\tdata: {card.license_name or card.license}"
