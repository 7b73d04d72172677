"""Runs the command line as `python -m captioner`, for when `captioner` is not on the path."""

from captioner.cli import main

if __name__ == "__main__":
    main()
