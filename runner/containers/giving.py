"""Files change hands, for a job that is somebody else in its container than the caller.

Only the image knows who that is, and only root may give files away: a container of the same image
does it, which has these folders and may do nothing else.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.containers.errands import errand
from runner.containers.faults import Gone, Refused, Unreachable
from runner.containers.values import ContainerSpec, Mount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from runner.containers.daemon import Daemon

# DAC_OVERRIDE: the folders may be closed for all but their owner
_MAY = ("CHOWN", "DAC_OVERRIDE", "FOWNER")
_MOST = 1000


def give(daemon: Daemon, image: str, user: str, folders: Sequence[Path]) -> str | None:
    """Give what lies in ``folders`` to a ``user`` of an image; why not, if it cannot be done.

    What is mounted from elsewhere (a workspace that is the project itself) is left alone.
    """
    paths = [str(folder) for folder in folders if folder.exists() and not folder.is_symlink()]
    if not paths:
        return None
    # `name` and `name:` are not the same to it: the latter means their group as well
    who = user if ":" in user else f"{user}:"
    spec = ContainerSpec(
        name="",
        image=image,
        entrypoint=("chown",),
        command=("-hR", who, *paths),
        user="0:0",
        mounts=tuple(Mount(path, path, writable=True) for path in paths),
        capabilities=_MAY,
        network="none",
    )
    said = bytearray()
    try:
        code = errand(daemon, spec, lambda chunk, _: said.extend(chunk[: _MOST - len(said)]))
    except (Refused, Unreachable, Gone) as error:
        return str(error)
    if code == 0:
        return None
    why = " ".join(said.decode(errors="replace").splitlines()[:1])
    return f"chown in the image ended with {code}: {why}"


def give_back(daemon: Daemon, image: str, caller: str, folders: Sequence[Path]) -> str | None:
    """Give the caller (``UID:GID`` as the daemon counts) what others own; as :func:`give`."""
    foreign = [path for folder in folders if not folder.is_symlink() for path in _foreign(folder)]
    if not foreign:
        return None
    if os.geteuid() == 0:
        for path in foreign:
            with suppress(OSError):
                os.lchown(path, 0, os.getegid())
        return None
    return give(daemon, image, caller, folders)


def _foreign(folder: Path) -> Iterator[str]:
    """What does not belong to who asks; a folder that cannot be looked into, for all in it."""
    own = os.geteuid()
    with suppress(OSError):
        if os.lstat(folder).st_uid != own:
            yield str(folder)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(place, name)
            with suppress(OSError):
                if os.lstat(path).st_uid != own:
                    yield path
