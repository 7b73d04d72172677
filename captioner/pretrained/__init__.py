"""The shipped models, a folder each; `registry` finds a model, `samples` finds photos to try."""
