"""``python -m gridplan`` does as ``gridplan`` does."""

from gridplan.cli import main

if __name__ == "__main__":
    main()
