"""Scores caption files of any system, for the commands `score` and `compare`."""
