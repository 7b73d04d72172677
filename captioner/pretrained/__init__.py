"""Holds the shipped models, one folder each; `registry` finds them, `samples` finds test photos."""
