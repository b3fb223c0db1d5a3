"""Providers that run commands: bash, docker, and images before there were providers."""

from __future__ import annotations

from typing import ClassVar

from runner.spec.forms import FileForm, Lines, Text, Words
from runner.spec.images import python_of
from runner.spec.providers.base import PythonVersionForm
from runner.spec.workflow import Container, Launch, ShellCommands


class BashForm(PythonVersionForm):
    """``provider: bash`` (from 2022-07)."""

    wanted: ClassVar[tuple[str, ...]] = ("commands",)

    commands: Lines | None = None

    def launch(self) -> Launch:
        """The commands of one bash."""
        return ShellCommands(self.commands or ())


class RegistryAuthForm(FileForm):
    """``registry_auth:`` (0.2.1)."""

    username: Text
    password: Text


class DockerForm(PythonVersionForm):
    """``provider: docker``: commands in an image; those of the image where none are written."""

    wanted: ClassVar[tuple[str, ...]] = ("image",)

    image: Text | None = None
    commands: Lines | None = None
    entrypoint: Words = ()
    registry_auth: RegistryAuthForm | None = None
    home_dir: Text | None = None

    def launch(self) -> Launch:
        """The commands of one shell."""
        return ShellCommands(self.commands or ())

    def python_version(self) -> str | None:
        """The image's, where that is all that the image is for."""
        return python_of(self.image or "") or super().python_version()

    def container(self) -> Container | None:
        """The image with what belongs to it."""
        auth = self.registry_auth
        return Container(
            image=self.image or "",
            entrypoint=self.entrypoint,
            registry_auth=(auth.username, auth.password) if auth else None,
            home_dir=self.home_dir,
        )


class ImageForm(DockerForm):
    """No provider: an image and commands (2021-05 to 2022-07)."""

    wanted: ClassVar[tuple[str, ...]] = ("image", "commands")

    provider: Text = "docker"
