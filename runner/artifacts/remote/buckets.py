"""Remotes that are buckets, through obstore: S3 and what speaks like it, Google's and Azure's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict, TypeVar

from runner.artifacts.remote.aws_profile import profile
from runner.artifacts.remote.interface import Absent, Found
from runner.errors import UNSATISFIABLE, WfError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from obstore.store import ClientConfig, ObjectStore, RetryConfig

    from runner.artifacts.remote.address import Address

T = TypeVar("T")

_INSTALL = "install it beside wf: pip install 'wf[remote]'"
_KEYS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile of "
    "~/.aws/credentials",
    "gs": "log in: gcloud auth application-default login; or set GOOGLE_APPLICATION_CREDENTIALS "
    "to the file of a service account",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY; or log in with az login, "
    "and set AZURE_USE_AZURE_CLI=true",
}
# a server's own word for what is wrong, which is no secret
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_STATUS = re.compile(r"status code: (\d{3})|HTTP status (?:client|server) error \((\d{3})")
# the addresses at which machines in a cloud ask for keys of their own
_OWN_KEYS = re.compile(r"169\.254\.169\.254|metadata\.google\.internal|169\.254\.170\.2")
# what obstore's errors have in them -> in words
_REASONS = (
    ("Connection refused", "nobody answers at its address"),
    ("dns error", "its name is not known here"),
    ("timed out", "it does not answer in time"),
    ("ertificate", "its certificate is not trusted here"),
    ("unreachable", "there is no way to it from here"),
)
_NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound", "InvalidBucketName"})
_BAD_KEYS = frozenset(
    {
        "AccessDenied",
        "AuthenticationFailed",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    }
)


class BucketRemote:
    """Keeps bytes in the objects of a bucket, below a folder of it."""

    def __init__(self, address: Address, variables: Mapping[str, str]) -> None:
        self._address = address
        self._store = _open(address, variables)

    @property
    def shown(self) -> str:
        """The bucket and the folder."""
        return self._address.shown

    def look(self, folder: str) -> Found:
        """One request for a thousand objects."""
        import obstore

        def listed() -> Found:
            found = obstore.list_with_delimiter(self._store, folder)
            files = {_last(known["path"]): known["size"] for known in found["objects"]}
            return Found(files, [_last(path) for path in found["common_prefixes"]])

        try:
            return self._asked(listed)
        except Absent:
            return Found({}, [])

    def read(self, name: str, most: int) -> bytes:
        """One request."""
        import obstore

        def content() -> bytes:
            found = obstore.get(self._store, name)
            if found.meta["size"] <= most:
                return bytes(found.bytes())
            # not every server knows of ranges
            start = bytearray()
            for chunk in found.stream():
                start += chunk
                if len(start) >= most:
                    break
            return bytes(start[:most])

        return self._asked(content)

    def write(self, name: str, content: bytes) -> None:
        """One request, so that nothing is left of what is interrupted."""
        import obstore

        try:
            self._asked(lambda: obstore.put(self._store, name, content, use_multipart=False))
        except Absent:
            raise self._no_bucket() from None

    def close(self) -> None:
        """Connections end by themselves."""

    def _asked(self, question: Callable[[], T]) -> T:
        """The answer, or the error as it can be shown.

        What obstore says has addresses in it, and those can have signatures.
        """
        from obstore.exceptions import BaseError, NotFoundError, UnauthenticatedError
        from obstore.exceptions import PermissionDeniedError as DeniedError

        try:
            return question()
        except (BaseError, OSError, ValueError) as error:
            text = str(error)
            code = next(iter(_CODE.findall(text)), "")
            if code in _NO_BUCKET:
                raise self._no_bucket() from None
            if isinstance(error, (NotFoundError, FileNotFoundError)):
                raise Absent from None
            refused = isinstance(error, (DeniedError, UnauthenticatedError, PermissionError))
            if refused or code in _BAD_KEYS:
                raise self._refused(code or _status(text)) from None
            raise self._unreachable(text, code or _status(text)) from None

    def _no_bucket(self) -> WfError:
        what = "container" if self._address.scheme == "az" else "bucket"
        message = f"there is no {what} `{self._address.host}` for {self.shown}"
        return WfError(UNSATISFIABLE, message, hint=f"make the {what} first, or look at its name")

    def _refused(self, why: str) -> WfError:
        said = f" ({why})" if why else ""
        message = f"{self.shown} does not let these keys in{said}"
        return WfError(UNSATISFIABLE, message, hint=_KEYS[self._address.scheme])

    def _unreachable(self, text: str, why: str) -> WfError:
        if _OWN_KEYS.search(text):
            message = f"there are no keys for {self.shown}"
            return WfError(UNSATISFIABLE, message, hint=_KEYS[self._address.scheme])
        why = why or next((said for sign, said in _REASONS if sign in text), "")
        message = f"{self.shown} cannot be reached" + (f": {why}" if why else "")
        return WfError(
            UNSATISFIABLE,
            message,
            hint="look at the network and the address, then repeat the command: what has been "
            "transferred is not transferred again",
        )


def _status(text: str) -> str:
    found = _STATUS.search(text)
    return next(filter(None, found.groups()), "") if found else ""


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _open(address: Address, variables: Mapping[str, str]) -> ObjectStore:
    try:
        from obstore.exceptions import BaseError
    except ImportError:
        message = f"{address.scheme}:// remotes need the package `obstore`, which is not here"
        raise WfError(UNSATISFIABLE, message, hint=_INSTALL) from None
    try:
        return _STORES[address.scheme](address, variables)
    except (BaseError, ValueError):
        # what is said of a key may have the key in it
        message = f"the settings for {address.shown} cannot be used"
        raise WfError(UNSATISFIABLE, message, hint=_KEYS[address.scheme]) from None


class _Patience(TypedDict):
    client_options: ClientConfig
    retry_config: RetryConfig


def _patience(*, plain: bool = False) -> _Patience:
    """How long a server may be silent. A slow line is no silence: a piece may take its time."""
    from datetime import timedelta

    return {
        "client_options": {
            "connect_timeout": timedelta(seconds=10),
            "read_timeout": timedelta(seconds=60),
            "timeout": timedelta(hours=1),
            "allow_http": plain,
        },
        "retry_config": {"max_retries": 4, "retry_timeout": timedelta(seconds=60)},
    }


def _s3(address: Address, variables: Mapping[str, str]) -> ObjectStore:
    from obstore.store import S3Store

    known = profile(variables)
    if known.program is not None:
        message = (
            f"the keys of the profile `{known.name}` come from another program ({known.program})"
        )
        hint = f'eval "$(aws configure export-credentials --profile {known.name} --format env)"'
        raise WfError(UNSATISFIABLE, message, hint=hint)
    said = (variables.get(name) for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT"))
    endpoint = known.settings.get("endpoint") or next(filter(None, said), "")
    # who gives an address without TLS means it
    plain = endpoint.startswith("http://")
    prefix = address.path or None
    return S3Store(address.host, prefix=prefix, config=known.settings, **_patience(plain=plain))


def _google(address: Address, variables: Mapping[str, str]) -> ObjectStore:
    from obstore.store import GCSStore

    plain = variables.get("GOOGLE_BASE_URL", "").startswith("http://")
    return GCSStore(address.host, prefix=address.path or None, **_patience(plain=plain))


def _azure(address: Address, variables: Mapping[str, str]) -> ObjectStore:
    from obstore.store import AzureStore

    said = (variables.get(name) for name in ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"))
    plain = next(filter(None, said), "").startswith("http://")
    return AzureStore(address.host, prefix=address.path or None, **_patience(plain=plain))


_STORES = {"s3": _s3, "gs": _google, "az": _azure}
