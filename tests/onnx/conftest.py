"""A tiny model of each kind of decoder, and its ONNX graphs, made once."""

from pathlib import Path

import pytest
import torch

KINDS = {
    "lstm": {"cell": "lstm", "attention": "additive", "tie_embeddings": True},
    "gru": {"cell": "gru", "attention": "dot", "tie_embeddings": False},
}


@pytest.fixture(scope="session", params=KINDS)
def exported(request, tmp_path_factory) -> tuple[Path, Path]:
    """The folders of a model and of its graphs."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    from captioner.model.captioner_model import CaptionerModel
    from captioner.model.config import CaptionerConfig
    from captioner.onnx.graphs import export_onnx
    from captioner.preprocess.tokenization import train_word_tokenizer

    torch.manual_seed(0)
    tokenizer = train_word_tokenizer(["a red photo, bright on the left", "a green picture"], 1, 20)
    concepts = (
        {"concepts": 3, "concept_words": ("red", "photo", "left", "green")}
        if request.param == "gru"
        else {}
    )
    decoder = {"embedding_dim": 10, "hidden_dim": 14, "attention_dim": 8} | KINDS[request.param]
    config = CaptionerConfig(
        image={"height": 32, "width": 96},
        encoder={"backbone": "test_resnet", "weights": "none", "dim": 12} | concepts,
        decoder=decoder,
        search={"beam_size": 2, "max_length": 5},
        vocab_size=len(tokenizer),
        tie_word_embeddings=decoder["tie_embeddings"],
    )
    model = CaptionerModel(config).eval()
    model.tokenizer = tokenizer
    folders = (
        tmp_path_factory.mktemp(request.param) / "model",
        tmp_path_factory.mktemp(request.param) / "graphs",
    )
    model.save_pretrained(folders[0])
    export_onnx(model, folders[1])
    return folders
