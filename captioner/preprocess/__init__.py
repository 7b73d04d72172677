"""Turns each input file into a tensor; bad input raises a named error."""
