"""The programs that keep what ``docker login`` was told (``credsStore``, ``credHelpers``)."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

from runner.errors import UNSATISFIABLE, WfError

if TYPE_CHECKING:
    from collections.abc import Mapping


def find_keeper(client: Any, reference: str, variables: Mapping[str, str]) -> None:  # noqa: ANN401 - the SDK's
    """Have the SDK's ``client`` ask the program that has the login for an image, if one has it.

    The SDK would take one out of the folder that wf is started in, where the caller's ``PATH`` has
    a folder such as ``.`` in it: a project could bring one along.

    Raises:
        WfError: kind ``UNSATISFIABLE`` when it is in no folder of the ``PATH`` that is named in
            full, and later, when it is asked, if it fails.
    """
    from docker.auth import resolve_repository_name
    from docker.credentials import CredentialsNotFound, Store, StoreError

    known = client._auth_configs  # noqa: SLF001 - it gives no other way to them
    host = resolve_repository_name(reference)[0]
    name = known.get_credential_store(host)
    if not name:
        return
    places = variables.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(place for place in places if os.path.isabs(place))
    program = f"docker-credential-{name}"
    found = shutil.which(program, path=path)
    if found is None:
        raise _without(reference, program, "is on no absolute path of PATH")

    class Keeper(Store):  # type: ignore[misc]  # the SDK has no types
        """The program, whose failure is not taken for the daemon's."""

        def get(self, server: str) -> Any:  # noqa: ANN401 - as the SDK has it
            try:
                return super().get(server)
            except CredentialsNotFound:  # which is no failure
                raise
            except (StoreError, ValueError) as error:
                raise _without(reference, program, _how(error)) from error

    store = Keeper(name, environment={"PATH": path})
    store.exe = found
    known._stores[name] = store  # noqa: SLF001 - as above


def _how(error: Exception) -> str:
    """What went wrong; such a program says it on standard output."""
    code = getattr(error.__cause__, "returncode", None)
    if code is not None:
        output = getattr(error.__cause__, "output", None) or b""
        said = output.decode(errors="replace").strip().partition("\n")[0]
        return f"exited with {code}" + (f": {said}" if said else "")
    if isinstance(error, ValueError):
        return "said something that is no login"
    return f"failed: {error}"


def _without(reference: str, program: str, how: str) -> WfError:
    return WfError(
        UNSATISFIABLE,
        f"the image {reference} cannot be fetched: {program}, which has your login for it, {how}",
        hint=f"see what `{program} list` says; credHelpers and credsStore in your config.json for "
        "docker name it",
    )
