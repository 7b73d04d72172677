"""Caption files of any system to scores that can be trusted: what `score` and `compare` call."""
