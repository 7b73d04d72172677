"""The trained model: `captioner_model` has its weights, `config` its `config.json`, `generation` its texts."""
