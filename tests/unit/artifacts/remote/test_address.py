from __future__ import annotations

import pytest

from runner.artifacts.remote.address import Address, read
from runner.errors import USAGE, WfError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("s3://lab/models/2022", Address("s3", "models/2022", "lab")),
        ("s3://lab", Address("s3", "", "lab")),
        ("s3://My.Old_Bucket/x/", Address("s3", "x", "My.Old_Bucket")),
        ("gs://lab/a%20b", Address("gs", "a b", "lab")),
        ("az://container/x", Address("az", "x", "container")),
        ("sftp://gpu1/srv/wf", Address("sftp", "/srv/wf", "gpu1")),
        ("ssh://ana@gpu1:2222/~/wf", Address("sftp", "/~/wf", "gpu1", "ana", 2222)),
        ("sftp://[::1]/srv", Address("sftp", "/srv", "::1")),
        ("sftp://gpu1", Address("sftp", "/~", "gpu1")),
        ("file:///mnt/a%20b", Address("file", "/mnt/a b")),
        ("/mnt/share", Address("file", "/mnt/share")),
        ("../share", Address("file", "../share")),
        ("c:x", Address("file", "c:x")),
    ],
)
def test_places(text: str, address: Address) -> None:
    assert read(text) == address


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://lab/models", "there is no kind of remote `http://`"),
        ("s3:///models", "the remote's address names no bucket"),
        ("sftp://-oProxyCommand=reboot/x", "the remote's address names no host"),
        ("sftp://a b/x", "the remote's address names no host"),
        ("sftp://-l@gpu1/x", "the user in the remote's address cannot be"),
        ("sftp://gpu1:port/x", "the remote's address cannot be read"),
        ("s3://lab/../other", "the folder in the remote's address cannot be"),
        ("s3://lab/%2e%2e/other", "the folder in the remote's address cannot be"),
        ("", "the remote's address is empty"),
    ],
)
def test_no_places(text: str, said: str) -> None:
    with pytest.raises(WfError) as caught:
        read(text)
    assert (caught.value.kind, caught.value.message) == (USAGE, said)


@pytest.mark.parametrize(
    "text",
    ["sftp://ana:hunter2@gpu1/x", "az://c/x?sig=hunter2", "s3://lab/x#hunter2", "s3://k:hunter2@l"],
)
def test_a_secret_in_an_address_is_not_repeated(text: str) -> None:
    with pytest.raises(WfError) as caught:
        read(text)
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}{caught.value.details}"


@pytest.mark.parametrize(
    "text", ["s3://lab/models", "gs://lab", "sftp://ana@gpu1:2222/srv", "sftp://[::1]/srv", "x/y"]
)
def test_what_is_shown_is_what_can_be_typed(text: str) -> None:
    assert read(text).shown == text
    assert read(read(text).shown) == read(text)
