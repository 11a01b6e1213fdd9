"""``python -m glasshouse``: the same as the ``glasshouse`` command."""

from glasshouse.cli import main

if __name__ == "__main__":
    main()
