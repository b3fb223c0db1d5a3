"""What a storm's journal proves, or what it says against the leases. Pure.

Nothing here depends on speed. A run is known to hold its devices from the moment its lease was in
its hands to the last moment that a process of it is known to have lived; an overlap of two such
times is a device held twice, whatever the machine was doing. An order is judged only where it is
certain: who was seen waiting before another one asked, and looked again after that one had got its
devices, was passed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.storm import plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Entry = dict[str, Any]

# what a run lacks, as a word in what is said of it
_KINDS = ("core", "GPU", "memory")
# there is enough for the other one as well, now or once those before it have had their turn
_HARMLESS = ("nothing", "kept for earlier runs")


@dataclass
class Story:
    """What is known of one run. Times are seconds of the machine's monotonic clock."""

    name: str
    asked: Entry = field(default_factory=dict)
    user: int = -1
    arrived: float = 0.0
    waiting: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    granted: float | None = None
    cores: frozenset[int] = frozenset()
    gpus: frozenset[str] = frozenset()
    memory: int = 0
    descriptors: int = 0
    turn: Entry = field(default_factory=dict)
    lived: float = 0.0
    killed: str | None = None
    killed_before_its_turn: bool = False
    refused: str | None = None
    failed: str | None = None
    entries: list[Entry] = field(default_factory=list)

    def devices(self) -> Iterator[str]:
        """The names of all that nobody else may have meanwhile."""
        yield from (f"core {core}" for core in sorted(self.cores))
        yield from (f"GPU {uuid}" for uuid in sorted(self.gpus))

    def took(self, kind: str, other: Story) -> str | None:
        """What this one took of a kind that the other one asked for, in words."""
        if kind == "core" and self.cores:
            return f"cores {sorted(self.cores)}"
        if kind == "memory" and self.memory:
            return f"{self.memory} bytes of memory"
        if kind == "GPU" and (taken := sorted(self.gpus & _suitable(other.asked["gpu"]))):
            return f"GPUs {taken}"
        return None


def read(text: str) -> dict[str, Story]:
    """The stories that a journal tells, by the names of the runs."""
    stories: dict[str, Story] = {}
    for line in text.splitlines():
        entry = json.loads(line)
        story = stories.setdefault(entry["run"], Story(entry["run"]))
        story.entries.append(entry)
        _tell(story, entry)
    return stories


def _tell(story: Story, entry: Entry) -> None:
    at = float(entry["at"])
    match entry["what"]:
        case "asked":
            story.arrived, story.asked, story.user = at, entry["asked"], entry["user"]
        case "waiting":
            story.waiting.append(at)
        case "look":
            story.looks.append(at)
        case "granted":
            story.granted = story.lived = at
            story.cores, story.gpus = frozenset(entry["cpus"]), frozenset(entry["gpus"])
            story.memory, story.turn = entry["memory"] or 0, entry["queue"]
            story.descriptors = entry["descriptors"]
        case "alive" | "releasing":
            story.lived = max(story.lived, at)
        case "kill":
            story.killed = entry["whom"]
            story.killed_before_its_turn = story.granted is None
        case "refused":
            story.refused = entry["said"]
        case "failed":
            story.failed = entry["said"]


def faults(stories: dict[str, Story], expected: Iterable[str]) -> list[str]:
    """Everything that must not be, one line each."""
    told = list(stories.values())
    return [
        *_failures(told),
        *_unserved(stories, expected),
        *_not_as_asked(told),
        *_held_twice(told),
        *_too_much_memory(told),
        *_unexplained(told),
        *_harmful(stories),
    ]


def _failures(stories: list[Story]) -> Iterator[str]:
    for story in stories:
        if story.failed is not None:
            yield f"{story.name} failed: {story.failed}"


def _unserved(stories: dict[str, Story], expected: Iterable[str]) -> Iterator[str]:
    """Whoever was neither killed nor unwilling to wait got devices."""
    for name in expected:
        story = stories.get(name)
        if story is None:
            yield f"{name} was never started"
        elif (story.granted is None and story.refused is None) and not story.killed_before_its_turn:
            yield f"{name} was not served"


def _not_as_asked(stories: list[Story]) -> Iterator[str]:
    for story in stories:
        if story.granted is None:
            continue
        asked, gpu = story.asked, story.asked["gpu"]
        if asked["cpu"] is not None and len(story.cores) != asked["cpu"]:
            yield f"{story.name} asked for {asked['cpu']} cores and got {sorted(story.cores)}"
        if len(story.gpus & _suitable(gpu)) != (gpu["count"] if gpu else 0):
            yield f"{story.name} asked for {gpu} and got {sorted(story.gpus)}"
        if story.memory != (asked["memory"] or 0):
            yield f"{story.name} asked for {asked['memory']} of memory and got {story.memory}"


def _held_twice(stories: list[Story]) -> Iterator[str]:
    """No two certain times of one device overlap."""
    times: dict[str, list[tuple[float, float, str]]] = {}
    for story in stories:
        if story.granted is not None:
            for device in story.devices():
                times.setdefault(device, []).append((story.granted, story.lived, story.name))
    for device, held in times.items():
        last_end, last_holder = 0.0, ""
        for start, end, name in sorted(held):
            if start < last_end:
                yield (
                    f"{device} was held twice: {name} got it at {start:.6f}, and a process of "
                    f"{last_holder} lived at {last_end:.6f}"
                )
            last_end, last_holder = max((last_end, last_holder), (end, name))


def _too_much_memory(stories: list[Story]) -> Iterator[str]:
    """At no moment is more memory held than there is."""
    holders = [story for story in stories if story.granted is not None and story.memory]
    for story in holders:
        at = story.granted or 0.0
        held = story.memory + sum(
            other.memory
            for other in holders
            if other is not story and (other.granted or 0.0) <= at < other.lived
        )
        if held > plan.MEMORY:
            yield f"{held} bytes of memory were held when {story.name} got its own at {at:.6f}"


def _unexplained(stories: list[Story]) -> Iterator[str]:
    """Whoever went before an earlier one says so on its record."""
    for later in stories:
        if later.granted is None:
            continue
        named = {passed["run"] for passed in later.turn["passed"]}
        for earlier in stories:
            if certainly_passed(earlier, later) and earlier.name not in named:
                yield f"{later.name} went before {earlier.name}, and its record does not say so"


def certainly_passed(earlier: Story, later: Story) -> bool:
    """Whether one that waited when the other one came was still waiting when that one started.

    Who is only certain to have waited by numbers counts as well, if both waited at one time.
    """
    if not (earlier.waiting and earlier.looks and later.granted):
        return False
    if earlier.looks[-1] <= later.granted:
        return False
    if not (later.cores or later.gpus or later.memory):
        return False  # who needs nothing does not queue
    first, second = earlier.turn.get("number"), later.turn.get("number")
    if first is not None and second is not None:
        return bool(first < second and earlier.waiting[0] < later.granted)
    return earlier.waiting[0] < later.arrived


def _harmful(stories: dict[str, Story]) -> Iterator[str]:
    """Whoever passes takes nothing of what the earlier one is short of."""
    for story in stories.values():
        if story.granted is None:
            continue
        for passed in story.turn["passed"]:
            other = stories.get(passed["run"])
            if other is None or other is story:
                yield f"{story.name} says that it passed {passed['run']}, who never waited"
                continue
            kinds = [kind for kind in _KINDS if kind in passed["short_of"]]
            if passed["short_of"].startswith(_HARMLESS):
                continue
            if not kinds:
                yield f"{story.name} passed {other.name}, short of nothing: {passed['short_of']!r}"
            for kind in kinds:
                taken = story.took(kind, other)
                if taken is not None:
                    yield (
                        f"{story.name} passed {other.name}, which was short of "
                        f"{passed['short_of']}, and took {taken}"
                    )


def _suitable(gpu: Entry | None) -> frozenset[str]:
    """The GPUs of the machine that a request may get, found without the code under test."""
    if gpu is None:
        return frozenset()
    return frozenset(
        there.uuid
        for there in plan.machine().gpus
        if there.memory >= (gpu["memory"] or 0)
        and (not gpu["names"] or any(name.upper() in there.name for name in gpu["names"]))
    )
