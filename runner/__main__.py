"""``python -m runner``: the same command as ``wf``."""

from runner.cli.main import entry

if __name__ == "__main__":
    entry()
