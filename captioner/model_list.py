"""What each model that ships says of itself, a line each, from its card."""

from collections.abc import Iterator

from huggingface_hub import ModelCard

from captioner.pipeline import list_models


def describe_models() -> Iterator[str]:
    """Yield name, size, scores with their data, and licence of each model that ships."""
    for folder in list_models():
        card = ModelCard.load(folder / "README.md").data
        size_mb = (folder / "model.safetensors").stat().st_size / 1e6
        results = card.eval_results or []
        scores = ", ".join(f"{result.metric_name} {result.metric_value:.1f}" for result in results)
        measured = f" on {results[0].dataset_name} {results[0].dataset_split}" if results else ""
        yield f"{folder.name}\t{size_mb:.1f} MB\t{scores}{measured}\tdata: {card.license_name or card.license}"
