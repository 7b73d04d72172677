"""What a model is made of: encoders turn a source into a `Memory`, and the attention decoder reads it."""
