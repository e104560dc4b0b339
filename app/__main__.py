"""`python -m app` does the same as the `rapport` command."""

from .cli import main

if __name__ == "__main__":
    main()
