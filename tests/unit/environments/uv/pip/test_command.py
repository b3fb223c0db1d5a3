"""pip's command lines, in uv's words."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from runner.environments.pip_settings import NO_INDEX
from runner.environments.uv.pip.asked import gather
from runner.environments.uv.pip.command import Install, NotUvsError, Query, Uninstall, read
from runner.environments.uv.pip.words import added, words

HERE = Path("/w")


def uvs(text: str, variables: dict[str, str] | None = None) -> str:
    """What follows ``uv pip install`` for these words of pip's."""
    command = read(shlex.split(text))
    assert isinstance(command, Install)
    return " ".join(words(command, gather(command, HERE), HERE, variables or {}))


@pytest.mark.parametrize(
    ("pip", "uv"),
    [
        ("install six", "-- six"),
        ("install --quiet six", "--quiet -- six"),
        ("-q install six", "--quiet -- six"),
        ("install -qq six", "--quiet --quiet -- six"),
        ("install six -v", "--verbose -- six"),
        ("install --no-cache-dir six", "-- six"),
        ("--no-cache-dir install six", "-- six"),
        ("install --user six", "-- six"),
        ("install --disable-pip-version-check --no-input six", "-- six"),
        ("install --progress-bar off six", "-- six"),
        ("install --progress-bar=off six", "-- six"),
        ("install --root-user-action=ignore six", "-- six"),
        ("install --break-system-packages six", "-- six"),
        ("install -U six", "--upgrade-package six -- six"),
        ("install --upgrade Six ruamel.yaml>=1",
         "--upgrade-package six --upgrade-package ruamel-yaml -- Six ruamel.yaml>=1"),
        ("install -U --upgrade-strategy eager six", "--upgrade -- six"),
        ("install -i https://h/s six", "--default-index https://h/s -- six"),
        ("install --index-url=https://h/s six", "--default-index https://h/s -- six"),
        ("install --extra-index-url https://h/s six", "--index https://h/s -- six"),
        ("install -f links six", "--find-links /w/links -- six"),
        ("install --find-links https://h/l six", "--find-links https://h/l -- six"),
        ("install --no-index six", "--no-index -- six"),
        ("install --pre six", "--prerelease allow -- six"),
        ("install --no-deps six", "--no-deps -- six"),
        ("install --force-reinstall six", "--reinstall -- six"),
        ("install -I six", "--reinstall -- six"),
        ("install --ignore-installed six", "--reinstall -- six"),
        ("install --trusted-host h six", "--allow-insecure-host h -- six"),
        ("install --no-build-isolation six", "--no-build-isolation -- six"),
        ("install --require-hashes six", "--require-hashes -- six"),
        ("install --no-binary a,b six", "--no-binary a --no-binary b -- six"),
        ("install --only-binary :all: six", "--only-binary :all: -- six"),
        ("install --compile six", "--compile-bytecode -- six"),
        ("install --no-compile six", "-- six"),
        ("install -t out six", "--target /w/out -- six"),
        ("install --target=/x six", "--target /x -- six"),
        ("install -e .", "--editable /w/. --"),
        ("install -e .[dev]", "--editable /w/.[dev] --"),
        ("install --editable git+https://h/r@main#egg=r",
         "--editable git+https://h/r@main#egg=r --"),
        ("install .", "-- /w/."),
        ("install ./lib[x] six[y]", "-- /w/./lib[x] six[y]"),
        ("install sub/lib", "-- /w/sub/lib"),
        ("install 'six @ https://h/six.whl'", "-- six @ https://h/six.whl"),
        ("install git+https://h/r", "-- git+https://h/r"),
        ("install -r a.txt -c b.txt", "--requirements /w/a.txt --constraints /w/b.txt --"),
        ("install -ra.txt", "--requirements /w/a.txt --"),
        ("install -Ur a.txt", "--requirements /w/a.txt --"),
        ("install -r https://h/a.txt", "--requirements https://h/a.txt --"),
        ("install -r -", "--requirements - --"),
    ],
)  # fmt: skip
def test_installing(pip: str, uv: str) -> None:
    assert uvs(pip) == uv


@pytest.mark.parametrize(
    "pip",
    [
        "",
        "install",
        "install --dry-run six",
        "install --platform x six",
        "install --prefix p six",
        "install --prefer-binary six",
        "install --isolated six",
        "install --global-option x six",
        "install --progress-bar",
        "install --help",
        "--version",
        "download six",
        "wheel six",
        "config list",
        "cache purge",
        "help",
        "show",
        "show -f six",
        "check six",
        "uninstall",
        "list --user-agent",
        "nonsense",
    ],
)
def test_what_uv_cannot_do(pip: str) -> None:
    with pytest.raises(NotUvsError):
        read(shlex.split(pip))


def test_what_uv_has_variables_for() -> None:
    command = read(shlex.split("--timeout 60 install --retries=2 --cert c.pem six"))
    assert isinstance(command, Install)
    assert added(command) == {
        "UV_HTTP_TIMEOUT": "60",
        "UV_HTTP_RETRIES": "2",
        "SSL_CERT_FILE": "c.pem",
    }


def test_one_more_index_is_as_good_as_the_first() -> None:
    command = read(shlex.split("install --extra-index-url https://h/s six"))
    assert isinstance(command, Install)
    assert added(command) == {"UV_INDEX_STRATEGY": "unsafe-best-match"}


def test_links_of_the_configuration_stay_beside_those_of_the_command() -> None:
    said = uvs("install -f links six", {"UV_FIND_LINKS": "/a,/b", NO_INDEX: "1"})
    assert said == "--no-index --find-links /w/links --find-links /a --find-links /b -- six"
    assert uvs("install six", {"UV_FIND_LINKS": "/a"}) == "-- six"


@pytest.mark.parametrize(
    ("pip", "read_as"),
    [
        ("uninstall -y six", Uninstall((), ("six",), ())),
        ("uninstall -q --yes -r a.txt", Uninstall(("--quiet",), (), ("a.txt",))),
        ("list", Query(("list",))),
        ("list --outdated --format=json", Query(("list", "--outdated", "--format", "json"))),
        ("freeze --local --all", Query(("freeze",))),
        ("freeze --exclude six", Query(("freeze", "--exclude", "six"))),
        ("show six", Query(("show", "six"))),
        ("--no-color check", Query(("check", "--color", "never"))),
    ],
)
def test_other_commands(pip: str, read_as: object) -> None:
    assert read(shlex.split(pip)) == read_as


# --- what can be kept for later runs --------------------------------------------------------------


def passing(folder: Path, pip: str) -> str | None:
    command = read(shlex.split(pip))
    assert isinstance(command, Install)
    return gather(command, folder).passing


@pytest.mark.parametrize(
    "pip",
    [
        "install six",
        "install six==1.0 'ruamel.yaml[x]>=1; python_version<\"4\"'",
        "install https://h/six.whl",
        "install 'six @ https://h/six.whl'",
        f"install git+https://h/r@{'a' * 40}",
        "install -r plain.txt",
        "install -f https://h/links six",
    ],
)
def test_the_same_words_mean_the_same(tmp_path: Path, pip: str) -> None:
    (tmp_path / "plain.txt").write_text("six\n-r more.txt\n--hash=x\n")
    (tmp_path / "more.txt").write_text("# nothing\n")
    assert passing(tmp_path, pip) is None


@pytest.mark.parametrize(
    "pip",
    [
        "install .",
        "install ./lib six",
        "install lib/",
        "install here.whl",
        "install /x/y",
        "install file:///x",
        "install -e .",
        "install -e git+https://h/r",
        "install git+https://h/r@main",
        "install 'r @ git+https://h/r'",
        "install -f links six",
        "install -r https://h/r.txt",
        "install -r /dev/stdin",
        "install -r nowhere.txt",
        "install -r local.txt",
        "install -r editable.txt",
        "install -r links.txt",
        "install -r nested.txt",
        "install -c local.txt six",
    ],
)
def test_what_may_change_under_its_name_is_not_kept(tmp_path: Path, pip: str) -> None:
    (tmp_path / "here.whl").touch()
    (tmp_path / "local.txt").write_text("six\n./lib\n")
    (tmp_path / "editable.txt").write_text("-e .\n")
    (tmp_path / "links.txt").write_text("--find-links ./links\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "nested.txt").write_text("-r sub/a.txt\n")
    (tmp_path / "sub" / "a.txt").write_text("-rb.txt\n")
    (tmp_path / "sub" / "b.txt").write_text("../lib\n")
    assert passing(tmp_path, pip)


def test_a_secret_is_not_told_as_a_reason(tmp_path: Path) -> None:
    reason = passing(tmp_path, "install git+https://user:secret@h/r@main")
    assert reason is not None
    assert "secret" not in reason


def said(folder: Path, pip: str) -> tuple[str, ...]:
    command = read(shlex.split(pip))
    assert isinstance(command, Install)
    return gather(command, folder).said


def test_contents_count_and_places_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("six==1  # why\n\n")
    (tmp_path / "b.txt").write_text("six==1\n")
    first = said(tmp_path, "install -r a.txt")
    assert said(tmp_path, "install -r b.txt") == first
    (tmp_path / "b.txt").write_text("six==2\n")
    assert said(tmp_path, "install -r b.txt") != first
    assert said(tmp_path, "install -c a.txt -r b.txt") != said(
        tmp_path, "install -r a.txt -r b.txt"
    )
    (tmp_path / "b.txt").write_text("six==${VERSION}\n")
    monkeypatch.setenv("VERSION", "1")
    assert said(tmp_path, "install -r b.txt") == first
    monkeypatch.setenv("VERSION", "2")
    assert said(tmp_path, "install -r b.txt") != first


def test_files_that_include_each_other_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("-r b.txt\nsix\n")
    (tmp_path / "b.txt").write_text("-r a.txt\nidna\n")
    assert passing(tmp_path, "install -r a.txt") is None
