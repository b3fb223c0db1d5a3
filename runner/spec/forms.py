"""The parts of a workflow as they are spelled in the file, common to all providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from runner.spec import days, text
from runner.spec.artifact_paths import artifact_path
from runner.spec.dependencies import DependsOn, Deps
from runner.spec.workflow import NO_PORTS, ArtifactRequest, GpuRequest, Ports, Resources
from runner.units import quoted, shortened


class FileForm(BaseModel):
    """A mapping of the workflow file: unknown keys are mistakes, nothing is coerced silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


Text = Annotated[str, BeforeValidator(text.text)]
Word = Annotated[str, BeforeValidator(text.word)]
Name = Annotated[str, BeforeValidator(text.name)]
Count = Annotated[int, BeforeValidator(text.count)]
CountOrNone = Annotated[int, BeforeValidator(text.count_or_none)]
Size = Annotated[int, BeforeValidator(text.size)]
PathBelow = Annotated[str, BeforeValidator(text.below)]
ArtifactPath = Annotated[str, BeforeValidator(artifact_path)]
Switch = Annotated[bool, BeforeValidator(text.switch)]
PythonVersion = Annotated[str, BeforeValidator(text.python_version)]
AsOf = Annotated[str, BeforeValidator(days.as_of)]


def _one_or_many(value: Any) -> Any:  # noqa: ANN401
    """A text may stand for a list of its lines (0.1:schemas/workflows.json)."""
    return (
        [line for line in value.splitlines() if line.strip()] if isinstance(value, str) else value
    )


def _words(value: Any) -> Any:  # noqa: ANN401
    """A text is split into words as a shell does it; the items of a list are taken as they are."""
    if not isinstance(value, str):
        return value
    import shlex

    try:
        return shlex.split(value)
    except ValueError as error:
        raise text.mistake(
            f"{quoted(value)} cannot be split into words: {str(error).lower()}",
            "close the quote, or write a list with one word an item",
        ) from None


def _pairs(value: Any) -> Any:  # noqa: ANN401
    """``{K: V}`` (hosted, 0.10.5 and later) or ``[K=V, K]`` (0.0.7 to 0.10.4; bare K is empty)."""
    if isinstance(value, list):
        return {key: item or "" for key, item in assignments(value).items()}
    if isinstance(value, dict):
        return {
            text.part(text.variable_name, key, key, at_key=True): text.part(
                _variable_value, item, key
            )
            for key, item in value.items()
        }
    raise text.mistake(
        f"variables are wanted here, not {text.kind_of(value)}",
        "write `NAME: value` lines, or a list of NAME=value",
    )


def assignments(items: list[Any]) -> dict[str, str | None]:
    """Variables from a list of ``K=V``; one without a value (a bare ``K``) has ``None``."""
    read: dict[str, str | None] = {}
    first: dict[str, int] = {}
    for index, item in enumerate(items):
        key, value = text.part(_assignment, item, index)
        if key in read:
            message = f"the variable {quoted(key)} is set twice"
            related = (((first[key],), "first set here"),)
            raise text.mistake(message, "keep one of them", at=(index,), related=related)
        read[key], first[key] = value, index
    return read


def _assignment(item: Any) -> tuple[str, str | None]:  # noqa: ANN401
    if isinstance(item, dict):
        raise text.mistake(
            "a text is wanted here, not a mapping", "write NAME=value, or take out the dashes"
        )
    key, equals, value = text.text(item).partition("=")
    return text.variable_name(key), value if equals else None


def _variable_value(value: Any) -> str:  # noqa: ANN401
    if value is None or value == "":
        return ""
    return text.text(value)


def _artifact(value: Any) -> Any:  # noqa: ANN401
    """``path`` alone (hosted, 0.0.7) or ``{path: …}`` (0.1)."""
    if isinstance(value, str):
        return {"path": value}
    if isinstance(value, dict):
        return value
    raise text.mistake(f"a path is wanted here, not {text.kind_of(value)}", "write `- data`")


def items(value: Any) -> Any:  # noqa: ANN401
    """A text is no list, not even of its lines."""
    if isinstance(value, str):
        hint = f"write `- {shortened(value)}` below it"
        raise text.mistake(f"a list is wanted here, not {text.kind_of(value)}", hint)
    return value


def _ports(value: Any) -> Ports:  # noqa: ANN401
    """A count (2022-06 to 0.9.1), or a list (hosted docker of 2022-05; 0.9.2 and later)."""
    if isinstance(value, list):
        return Ports(tuple(text.part(text.port, item, index) for index, item in enumerate(value)))
    if isinstance(value, str):
        return Ports(free=text.count_or_none(value))
    raise text.mistake(
        f"a number of ports or a list of them is wanted here, not {text.kind_of(value)}",
        "write `ports: 1`, and use $PORT_0 in the commands",
    )


def _models(value: Any) -> Any:  # noqa: ANN401
    """``v100/gpu: 2`` is ``gpu: {name: v100, count: 2}`` (01f1f60a1:cli/dstack/cli/schema.py)."""
    if not isinstance(value, dict):
        return value
    named = [key for key in value if key.endswith("/gpu") and key != "/gpu"]
    if not named:
        return value
    if "gpu" in value or len(named) > 1:
        other = next(key for key in value if key.endswith("gpu") and key != named[-1])
        raise text.mistake(
            f"GPUs are asked for twice, as {quoted(other)} and {quoted(named[-1])}",
            "keep one of them",
            at=(named[-1],),
            at_key=True,
        )
    key = named[0]
    rest = {name: item for name, item in value.items() if name != key}
    count = text.part(text.count_or_none, value[key], key)
    return {**rest, "gpu": {"name": key.removesuffix("/gpu"), "count": str(count)}}


def _gpu(value: Any) -> Any:  # noqa: ANN401
    """``2`` alone or ``{count, name, memory}``; a name without a count means one."""
    return {"count": value} if isinstance(value, str) else value


def _cpu(value: Any) -> Any:  # noqa: ANN401
    """``2`` alone or ``{count: 2}`` (01f1f60a1:cli/dstack/cli/schema.py)."""
    if isinstance(value, dict) and set(value) == {"count"}:
        return value["count"]
    return value


class ArtifactForm(FileForm):
    """An artifact.

    ``mount`` (0.0.7 to 0.9.2) had the remote store written to while the job ran; dstack's own local
    runs took no notice of it, as the store of theirs was written to in any case.
    """

    path: ArtifactPath
    mount: Switch = False

    def request(self) -> ArtifactRequest:
        """The same, neutral."""
        return ArtifactRequest(self.path, self.mount)


class GpuForm(FileForm):
    """``gpu:`` written out."""

    count: CountOrNone = 1
    name: Text | None = None
    memory: Size | None = None


class ResourcesForm(FileForm):
    """``resources:``."""

    cpu: Annotated[Count | None, BeforeValidator(_cpu)] = None
    memory: Size | None = None
    gpu: Annotated[GpuForm | None, BeforeValidator(_gpu)] = None
    shm_size: Size | None = None
    interruptible: Switch = False
    local: Switch = False
    remote: Switch = False
    nodes: Count | None = None

    def resources(self) -> Resources:
        """The same, neutral; no GPU and 0 GPUs are the same."""
        gpu = self.gpu
        if gpu is None or gpu.count == 0:
            return Resources(self.cpu, self.memory, None, self.shm_size)
        asked = GpuRequest(gpu.count, gpu.name, gpu.memory)
        return Resources(self.cpu, self.memory, asked, self.shm_size)


class CacheForm(FileForm):
    """A folder of ``cache:`` (0.7), as a path alone or as ``{path: …}``."""

    path: Text


Lines = Annotated[tuple[Text, ...], BeforeValidator(_one_or_many), Field(min_length=1)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_words)]
Variables = Annotated[Mapping[str, str], BeforeValidator(_pairs)]
Artifact = Annotated[ArtifactForm, BeforeValidator(_artifact)]
Cache = Annotated[CacheForm, BeforeValidator(_artifact)]


class WorkflowForm(FileForm):
    """The keys that every provider takes."""

    name: Name
    help: Text | None = None
    provider: Text
    python: PythonVersion | None = None
    requirements: PathBelow | None = None
    as_of: Annotated[AsOf | None, Field(alias="as-of")] = None
    environment: Variables | None = None
    env: Variables | None = None
    artifacts: Annotated[tuple[Artifact, ...], BeforeValidator(items)] = ()
    resources: Annotated[ResourcesForm | None, BeforeValidator(_models)] = None
    working_dir: PathBelow = "."
    setup: Lines | None = None
    before_run: Lines | None = None
    ports: Annotated[Ports, BeforeValidator(_ports)] = NO_PORTS
    cache: Annotated[tuple[Cache, ...], BeforeValidator(items)] = ()
    ssh: Switch = False
    prebuild: Text | None = None
    depends_on: Annotated[DependsOn | None, Field(alias="depends-on")] = None
    deps: Deps | None = None

    def requested_ports(self) -> Ports:
        """All ports, with those of the provider behind its own."""
        return self.ports

    def requested_artifacts(self) -> tuple[ArtifactRequest, ...]:
        """The artifacts, neutral."""
        return tuple(artifact.request() for artifact in self.artifacts)
