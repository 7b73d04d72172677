"""The models that ship, a folder each; `registry` finds one by its name, `samples` finds photos to try it on."""
