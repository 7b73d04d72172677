"""`python -m captioner`: the command line, where the script `captioner` is not on the path."""

from captioner.cli import main

if __name__ == "__main__":
    main()
