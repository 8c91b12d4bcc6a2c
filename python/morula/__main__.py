"""``python -m morula``: the command."""

from ._cli import main

if __name__ == "__main__":
    main()
