"""pip's options, and what uv calls them (pip.pypa.io, "pip install"; docs.astral.sh/uv, "CLI").

An option that stands in no table is one that uv cannot do.
"""

from __future__ import annotations

INSTALL_FLAGS = {
    "--pre": ("--prerelease", "allow"),
    "--no-deps": ("--no-deps",),
    "--no-dependencies": ("--no-deps",),
    "--force-reinstall": ("--reinstall",),
    "-I": ("--reinstall",),
    "--ignore-installed": ("--reinstall",),
    "--require-hashes": ("--require-hashes",),
    "--no-index": ("--no-index",),
    "--no-build-isolation": ("--no-build-isolation",),
    "--compile": ("--compile-bytecode",),
    "-q": ("--quiet",),
    "--quiet": ("--quiet",),
    "-v": ("--verbose",),
    "--verbose": ("--verbose",),
    "--no-color": ("--color", "never"),
}
"""Options without a value, and uv's words for them."""

INSTALL_VALUES = {
    "-i": "--default-index",
    "--index-url": "--default-index",
    "--pypi-url": "--default-index",
    "--extra-index-url": "--index",
    "--trusted-host": "--allow-insecure-host",
    "--config-settings": "--config-settings",
    "-C": "--config-settings",
    "--keyring-provider": "--keyring-provider",
}
"""Options with a value that uv takes as it is."""

LISTS = {"--no-binary": "--no-binary", "--only-binary": "--only-binary"}
"""Options with several values between commas, each of which uv wants for itself."""

VARIABLES = {
    "--timeout": "UV_HTTP_TIMEOUT",
    "--default-timeout": "UV_HTTP_TIMEOUT",
    "--retries": "UV_HTTP_RETRIES",
    "--cert": "SSL_CERT_FILE",
}
"""Options for which uv has a variable."""

IGNORED = frozenset(
    {
        "--no-cache-dir", "--disable-pip-version-check", "--no-input", "--no-compile", "--user",
        "--no-warn-script-location", "--no-warn-conflicts", "--no-python-version-warning",
        "--use-pep517", "--break-system-packages", "--no-clean", "--require-virtualenv",
        "--require-venv", "-y", "--yes", "-l", "--local", "--all",
    }
)  # fmt: skip
"""Options without a value that change nothing here: the environment is the run's own."""

IGNORED_VALUES = frozenset(
    {"--progress-bar", "--cache-dir", "--exists-action", "--root-user-action", "--use-feature"}
)
"""Options with a value that change nothing here."""

GENERAL_FLAGS = frozenset(
    {
        "-q", "--quiet", "-v", "--verbose", "--no-color", "--disable-pip-version-check",
        "--no-input", "--no-cache-dir", "--no-python-version-warning", "--require-virtualenv",
        "--require-venv",
    }
)  # fmt: skip
GENERAL_VALUES = frozenset(
    {"--timeout", "--default-timeout", "--retries", "--cert", "--trusted-host", "--cache-dir",
     "--exists-action", "--use-feature", "--keyring-provider"}
)  # fmt: skip
"""Options that may stand in front of the sub-command."""

LIST_FLAGS = {
    "-o": ("--outdated",),
    "--outdated": ("--outdated",),
    "-e": ("--editable",),
    "--editable": ("--editable",),
    "--exclude-editable": ("--exclude-editable",),
}
LIST_VALUES = {"--format": "--format", "--exclude": "--exclude"}
FREEZE_FLAGS = {"--exclude-editable": ("--exclude-editable",)}
FREEZE_VALUES = {"--exclude": "--exclude"}
"""Of ``pip list`` and ``pip freeze``."""

QUIET = {"-q": ("--quiet",), "--quiet": ("--quiet",), "-v": ("--verbose",),
         "--verbose": ("--verbose",), "--no-color": ("--color", "never")}  # fmt: skip
"""What every sub-command knows."""
