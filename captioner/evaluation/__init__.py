"""How good a model is on labelled data; `offline` scores files that any system has written."""
