"""Removes the server's folders from messages that visitors see."""

import re

# Matches the folders of an absolute path, but not those of a web address or of a relative path.
FOLDERS = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:)?[/\\](?:[^\s/\\:'\"]+[/\\])+")


def without_folders(text: str) -> str:
    """Reduce each absolute path in a text to its last part."""
    return FOLDERS.sub("", text)
