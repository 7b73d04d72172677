"""Removes the server's folders from messages that visitors see."""

import re

# The folders of an absolute path; not those of an address on the web, nor of a relative path.
FOLDERS = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:)?[/\\](?:[^\s/\\:'\"]+[/\\])+")


def without_folders(text: str) -> str:
    """Leave of each absolute path its last name."""
    return FOLDERS.sub("", text)
