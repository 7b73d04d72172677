"""The trained model: weights in `captioner_model`, settings in `config`, texts in `generation`."""
