"""The parts of a model: encoders turn a source into a `Memory`, and the decoder reads it."""
