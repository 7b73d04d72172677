"""The shipped models, a folder each; `registry` finds one by name, `samples` photos to try."""
