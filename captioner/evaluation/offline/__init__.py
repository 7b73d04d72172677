"""From files of captions, by whatever system, to scores that can be trusted: what `score` and `compare` call."""
