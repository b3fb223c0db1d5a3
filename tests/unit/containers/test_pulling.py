from __future__ import annotations

from typing import Any

import pytest

from runner.containers.pulling import Pull, failure, registry
from runner.errors import UNSATISFIABLE

MB = 10**6


def report(layer: str, status: str, current: int = 0, total: int = 0) -> dict[str, Any]:
    """One line of what a daemon says while it fetches an image."""
    detail = {"current": current, "total": total} if total else {}
    return {"id": layer, "status": status, "progressDetail": detail}


def test_layers_and_bytes_are_told() -> None:
    pull = Pull("python:3.11", 0.0)
    assert pull.text(0.0) == "pulling python:3.11"
    pull.take({"status": "Pulling from library/python", "id": "3.11"})
    assert pull.text(0.0) == "pulling python:3.11"
    for layer in "abc":
        pull.take(report(layer, "Pulling fs layer"))
    pull.take(report("a", "Already exists"))
    assert pull.text(0.1) == "pulling python:3.11 · 1 of 3 layers"
    pull.take(report("b", "Downloading", 10 * MB, 60 * MB))
    pull.take(report("c", "Downloading", 10 * MB, 40 * MB))
    assert pull.text(0.2) == "pulling python:3.11 · 1 of 3 layers · 20 of 100 MB"
    assert pull.text(2.0) == "pulling python:3.11 · 1 of 3 layers · 20 of 100 MB · 10 MB/s"


def test_what_is_fetched_is_still_to_be_unpacked() -> None:
    pull = Pull("a:1", 0.0)
    pull.take(report("x", "Downloading", 1 * MB, 2 * MB))
    pull.take(report("x", "Verifying Checksum"))
    pull.take(report("x", "Download complete"))
    assert pull.text(9.0) == "pulling a:1 · 0 of 1 layers · 2 MB, unpacking"
    # of unpacking, the bytes are no longer those that come
    pull.take(report("x", "Extracting", 1 * MB, 2 * MB))
    assert pull.text(9.0) == "pulling a:1 · 0 of 1 layers · 2 MB, unpacking"
    pull.take(report("x", "Pull complete"))
    assert "1 of 1 layers" in pull.text(9.0)


def test_a_layer_that_is_fetched_again_starts_anew() -> None:
    pull = Pull("a:1", 0.0)
    pull.take(report("x", "Downloading", 2 * MB, 2 * MB))
    pull.take(report("x", "Retrying in 5 seconds"))
    pull.take(report("x", "Downloading", 1 * MB, 2 * MB))
    assert "1 of 2 MB" in pull.text(0.5)


def test_the_size_of_what_podman_fetches_may_not_be_known() -> None:
    pull = Pull("a:1", 0.0)
    pull.take(report("x", "Downloading"))
    assert pull.text(0.5) == "pulling a:1 · 0 of 1 layers"


def test_an_error_in_the_middle_is_kept() -> None:
    pull = Pull("a:1", 0.0)
    pull.take(report("x", "Downloading", 1, 2))
    pull.take({"errorDetail": {"message": "unexpected EOF"}, "error": "unexpected EOF"})
    assert pull.error == "unexpected EOF"


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (
            "manifest for h:5/a:1 not found: manifest unknown: manifest unknown",
            "there is no image h:5/a:1",
            "the tag",
        ),
        (
            "pull access denied for a, repository does not exist or may require 'docker login'",
            "there is none, or it takes a login",
            "`docker login h:5`",
        ),
        ("unauthorized: authentication required", "takes a login", "registry_auth"),
        ("no basic auth credentials", "takes a login", "registry_auth"),
        (
            "dial tcp: lookup h on 127.0.0.53:53: no such host",
            "h:5 cannot be reached",
            "check the network",
        ),
        ("unexpected EOF", "h:5 cannot be reached", "check the network"),
        ("toomanyrequests: You have reached your pull rate limit", "too many requests", "log in"),
        (
            "write /var/lib/docker/tmp/x: no space left on device",
            "disk is full",
            "docker system prune",
        ),
        (
            "no matching manifest for linux/arm64/v8 in the manifest list entries",
            "not made for this kind of machine",
            "another",
        ),
        ("invalid reference format", "`h:5/a:1` is no name of an image", "NAME:TAG"),
        ("something else", "the image h:5/a:1 cannot be fetched", "docker pull h:5/a:1"),
    ],
)
def test_why_it_failed_in_words(said: str, message: str, hint: str) -> None:
    told = failure("h:5/a:1", said, with_login=False)
    assert told.kind == UNSATISFIABLE
    assert message in told.message
    assert hint in (told.hint or "")
    assert told.details == said


def test_a_login_that_the_workflow_names_is_what_to_look_at() -> None:
    told = failure("h:5/a:1", "unauthorized", with_login=True)
    assert "`username` and `password`" in (told.hint or "")
    assert "docker login" not in (told.hint or "")


@pytest.mark.parametrize(
    ("reference", "host"),
    [
        ("python", ""),
        ("python:3.11", ""),
        ("team/python:3.11", ""),
        ("localhost/a", "localhost"),
        ("localhost:5000/a:1", "localhost:5000"),
        ("ghcr.io/team/a@sha256:00", "ghcr.io"),
    ],
)
def test_where_an_image_comes_from(reference: str, host: str) -> None:
    assert registry(reference) == host
