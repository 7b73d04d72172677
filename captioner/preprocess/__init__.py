"""One file in, one tensor out: the first step of the data's way; bad input is a named error."""
