"""Keys and settings of S3 from the files that ``aws configure`` writes. Pure but for reading them.

obstore reads the variables, and asks the machine it runs on (EC2, ECS, EKS); these files it leaves
to others (AWS SDKs and Tools Reference Guide, "Shared config and credentials files").
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from configparser import RawConfigParser

    from obstore.store import S3Config

_KEYS: tuple[Literal["access_key_id", "secret_access_key", "session_token"], ...] = (
    "access_key_id",
    "secret_access_key",
    "session_token",
)
# signs of somebody else who gives the keys
_OTHERS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_BY_A_PROGRAM = ("sso_session", "sso_start_url", "role_arn", "credential_process", "login_session")


class Profile(NamedTuple):
    """``settings`` are named as obstore has them; ``program`` is the key that keys come by.

    With ``program`` the keys are not in the files, and must be asked for by another program.
    """

    name: str
    settings: S3Config
    program: str | None = None


def profile(variables: Mapping[str, str]) -> Profile:
    """What the files say that the variables do not."""
    name = variables.get("AWS_PROFILE") or variables.get("AWS_DEFAULT_PROFILE") or "default"
    home = variables.get("HOME") or "~"
    secret = _read(variables.get("AWS_SHARED_CREDENTIALS_FILE") or f"{home}/.aws/credentials")
    config = _read(variables.get("AWS_CONFIG_FILE") or f"{home}/.aws/config")
    in_config = "default" if name == "default" else f"profile {name}"
    said = {**_section(config, in_config), **_section(secret, name)}
    settings: S3Config = {}
    program = None
    if not any(variables.get(other) for other in _OTHERS):
        for key in _KEYS:
            if said.get(f"aws_{key}"):
                settings[key] = said[f"aws_{key}"]
        program = next((key for key in _BY_A_PROGRAM if said.get(key)), None)
    if not (variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION")):
        settings["region"] = said.get("region") or "us-east-1"
    if not (variables.get("AWS_ENDPOINT_URL") or variables.get("AWS_ENDPOINT")):
        endpoint = variables.get("AWS_ENDPOINT_URL_S3") or said.get("endpoint_url")
        if endpoint:
            settings["endpoint"] = endpoint
    return Profile(name, settings, None if "access_key_id" in settings else program)


def _read(path: str) -> RawConfigParser:
    from configparser import Error, RawConfigParser

    parser = RawConfigParser(strict=False)
    try:
        parser.read(os.path.expanduser(path), encoding="utf-8")
    except (Error, OSError, UnicodeDecodeError):
        return RawConfigParser()  # as if it were not there: the remote will say what is missing
    return parser


def _section(parser: RawConfigParser, name: str) -> dict[str, str]:
    return dict(parser.items(name)) if parser.has_section(name) else {}
