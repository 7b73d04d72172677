"""One file in, one tensor out: the first step of the data's way, with a named error for every bad input."""
