"""Turns photos, sentences, recordings and clips into arrays; bad input raises a named error."""
