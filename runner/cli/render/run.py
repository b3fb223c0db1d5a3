"""A run's record, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from runner.cli.render.curves import told
from runner.cli.render.failure import where
from runner.cli.render.going import in_words as going
from runner.cli.render.phases import in_words as in_phases
from runner.cli.render.style import harmless, style
from runner.cli.render.usage import drawn, in_words
from runner.units import amount, count, duration, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.cli.render.style import Style
    from runner.records.looking import Known
    from runner.records.samples import Samples

# more metrics than that are a view of their own
_MOST_METRICS = 12
_COLOURS = {"succeeded": "green", "failed": "red", "lost": "red", "cancelled": "yellow"}


class Measured(NamedTuple):
    """What was measured of a run: by wf while it ran, and by its own code."""

    samples: Samples | None
    metrics: Known | None


def show_run(
    document: dict[str, Any],
    measured: Measured,
    folder: str,
    stream: TextIO,
    variables: Mapping[str, str],
) -> None:
    """Write the record: one fact a line."""
    dress = style(stream, variables)
    status = document["status"]
    head = dress.paint(document["name"], "bold")
    said = dress.paint(status, _COLOURS.get(status, "blue"))
    stream.write(
        f"{dress.plain('●')} {head}   {document['workflow'] or 'files added by hand'}   {said}\n"
    )
    for name, text in [*_facts(document, measured, dress), ("folder", folder)]:
        if text:
            stream.write(f"  {dress.paint(f'{name:<11}', 'dim')} {dress.plain(harmless(text))}\n")


def _facts(document: dict[str, Any], measured: Measured, dress: Style) -> list[tuple[str, str]]:
    cores = len(document["resources"]["cpus"])
    return [
        ("end", document["message"] or ""),
        *_failure(document["failure"]),
        ("hint", document["hint"] or ""),
        *(("attempt", _attempt(one)) for one in document["attempts"]),
        ("command", document["command"] or ""),
        ("variables", " ".join(f"{key}={value}" for key, value in document["variables"].items())),
        ("secrets", ", ".join(document["secrets"])),
        ("times", _times(document)),
        ("phases", in_phases(document["phases"], document["samples"])),
        ("usage", in_words(document["usage"], cores)),
        *drawn(measured.samples, document["usage"], cores, dress),
        ("progress", going(document["progress"])),
        ("devices", _devices(document["resources"])),
        ("queue", _waiting(document["waiting"]) or _queue(document["resources"]["queue"])),
        ("ports", ", ".join(str(port) for port in document["ports"])),
        ("service", document["service"] or ""),
        ("image", _image(document["container"])),
        ("environment", _environment(document["environment"])),
        ("python", _said(document["environment"], "python_reason")),
        ("as of", _said(document["environment"], "as_of_reason")),
        ("source", "" if document["added"] else _source(document["source"])),
        ("resumed", _resumed(document["resumed_from"], document["restored"])),
        *(("added", f"{one['path']} from {one['from']}") for one in document["added"]),
        *(("input", _input(given)) for given in document["dependencies"]),
        *(("artifact", _artifact(artifact)) for artifact in document["artifacts"]),
        *_metrics(document["name"], measured.metrics, dress),
        *(("note", note) for note in document["notes"]),
    ]


def _failure(failure: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    if failure is not None:
        yield "where", where(failure)
        for number, line in enumerate(failure["lines"]):
            yield "" if number else "said", line


def _attempt(attempt: dict[str, Any]) -> str:
    message = attempt["message"] or "is under way"
    at = attempt["started_at"][:19].replace("T", " ")
    return f"{attempt['number']} · {at} UTC · {message}"


def _times(document: dict[str, Any]) -> str:
    named = (("submitted", "submitted_at"), ("started", "started_at"), ("finished", "finished_at"))
    stamps = ((word, document[key]) for word, key in named)
    return " · ".join(f"{word} {at[:19].replace('T', ' ')}" for word, at in stamps if at) + " UTC"


def _devices(resources: dict[str, Any]) -> str:
    said = []
    if resources["cpus"]:
        said.append(numbered("core", resources["cpus"]))
    said += [f"GPU {uuid}" for uuid in resources["gpus"]]
    simulated = resources.get("simulated_gpus")  # records of before there were any lack it
    if simulated:
        said.append(f"{count(simulated, 'simulated GPU')} ({count(simulated, 'rank')} on the CPU)")
    return " · ".join(said)


def _waiting(waits: dict[str, Any] | None) -> str:
    if waits is None:
        return ""
    return f"waiting for {waits['short_of']} · place {waits['place']} of {waits['places']}"


def _queue(queue: dict[str, Any] | None) -> str:
    """How the devices were had, unless they were free and nobody stood in the way."""
    if queue is None or (queue["number"] is None and not queue["passed"]):
        return ""
    said = [f"waited {duration(queue['waited_seconds'])}"]
    if queue["number"] is not None:
        said[0] += f" as number {queue['number']}"
    said += [
        f"went before {passed['run']} of {passed['user']}, which waited for {passed['short_of']}"
        for passed in queue["passed"]
    ]
    return " · ".join(said)


def _image(container: dict[str, Any] | None) -> str:
    if container is None:
        return ""
    return f"{container['image']} · {container['image_id'].partition(':')[2][:12]}"


def _environment(environment: dict[str, Any] | None) -> str:
    # an image's own stands there already
    if not environment or not environment["python"]:
        return ""
    packages = count(len(environment["lock"]), "package")
    if environment["kind"] == "image":
        packages = "what the image has"
    if environment["as_of"]:
        packages += f" as of {environment['as_of']}"
    said = f"python {environment['python']} · {packages} · {environment['fingerprint'][:12]}"
    locked = environment.get("locked")
    return f"{said} · as in {locked}" if locked else said


def _said(environment: dict[str, Any] | None, key: str) -> str:
    # records of before there were such keys lack them
    return (environment or {}).get(key) or ""


def _source(source: dict[str, Any]) -> str:
    if not source["commit"]:
        return "not a git repository" if source["dirty"] is None else "no commit yet"
    branch = f"{source['branch']}@" if source["branch"] else ""
    dirty = " with uncommitted changes" if source["dirty"] else ""
    return f"{branch}{source['commit'][:10]}{dirty}"


def _input(given: dict[str, Any]) -> str:
    name = f":{given['tag']}" if given["tag"] else given["workflow"]
    brought = ", ".join(given["artifacts"]) or "no artifacts"
    return f"{name} · {given['run']} · {brought}"


def _resumed(former: str | None, restored: dict[str, Any] | None) -> str:
    if former is None:
        return ""
    said = [f"from {former}"]
    if restored is not None:
        said += [count(restored["files"], "file"), amount(restored["bytes"])]
        said += [f"checkpoint {restored['checkpoint']}"] if restored["checkpoint"] else []
    return " · ".join(said)


def _artifact(artifact: dict[str, Any]) -> str:
    if not artifact["files"]:
        return f"{artifact['path']} · nothing was written there"
    digest = (artifact["digest"] or "").removeprefix("blake3:")[:12]
    files = count(artifact["files"], "file")
    return f"{artifact['path']} · {files} · {amount(artifact['bytes'])} · {digest}"


def _metrics(run: str, known: Known | None, dress: Style) -> Iterator[tuple[str, str]]:
    if known is None:
        return
    yield from told([one for _, one in known.series], dress, _MOST_METRICS)
    if known.left_out:
        more = f" and {count(len(known.left_out) - 1, 'file')}" if known.left_out[1:] else ""
        first = f"{run}:{known.left_out[0]}"
        yield "not read", f"{known.left_out[0]}{more}, for their size: wf artifacts show {first}"
