"""The pickle machine, with every effect left out: it builds nodes and calls nothing.

Bounded in steps, in what lies on its stack, and in the bytes it keeps. Source: CPython 3.14
``Lib/pickletools.py`` (opcodes of protocols 0 to 5).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from runner.artifacts.reading.pickles.nodes import Blob, Global, Made, Outside, Pairs
from runner.artifacts.reading.source import Damaged

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.artifacts.reading.source import Window

_STEPS = 2_000_000
# lists, mappings, tuples, objects: fifty thousand tensors have so many
_BUILT = 400_000
_DEEPEST = 200_000
_KEPT = 32 << 20
# longer texts and bytes say nothing to people
_LONGEST = 64 << 10
_MOST_DIGITS = 1000


def interpret(window: Window) -> Any:  # noqa: ANN401 - whatever the pickle says
    """What the pickle that begins here says; the window stands behind it afterwards.

    Raises:
        Damaged: it is no whole pickle, or more than wf takes apart.
    """
    return _Machine(window).run()


class _Mark:
    """Where a group on the stack begins."""


class _Machine:
    def __init__(self, window: Window) -> None:
        self._window = window
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._kept = 0
        self._mark = _Mark()

    def run(self) -> Any:  # noqa: ANN401
        take = self._window.take
        built = 0
        for _ in range(_STEPS):
            code = take(1)
            if code == b".":
                return self._pop()
            step = _OPCODES.get(code)
            if step is None:
                raise Damaged("it is no pickle, or a damaged one")
            step(self)
            built += code in _BUILDING
            if len(self._stack) > _DEEPEST or built > _BUILT:
                break
        raise Damaged("it holds more objects than wf takes apart")

    # -- the stack

    def _pop(self) -> Any:  # noqa: ANN401
        if not self._stack or self._stack[-1] is self._mark:
            raise Damaged("its pickle is damaged: something is missing in it")
        return self._stack.pop()

    def _top(self) -> Any:  # noqa: ANN401
        found = self._pop()
        self._stack.append(found)
        return found

    def _group(self) -> list[Any]:
        """All above the last mark, which goes too."""
        for at in range(len(self._stack) - 1, -1, -1):
            if self._stack[at] is self._mark:
                found = self._stack[at + 1 :]
                del self._stack[at:]
                return found
        raise Damaged("its pickle is damaged: a group has no beginning")

    # -- arguments in the pickle

    def _number(self, form: struct.Struct) -> int:
        found: int = form.unpack(self._window.take(form.size))[0]
        return found

    def _piece(self, length: int) -> bytes | Blob:
        if length > _LONGEST:
            self._window.skip(length)
            return Blob(length)
        self._kept += length
        if self._kept > _KEPT:
            raise Damaged("it holds more text than wf keeps")
        return self._window.take(length)

    def _line(self) -> str:
        found = self._window.line()
        self._kept += len(found)
        if self._kept > _KEPT:
            raise Damaged("it holds more text than wf keeps")
        return found.decode("utf-8", errors="backslashreplace")

    def push(self, value: Any) -> None:  # noqa: ANN401
        self._stack.append(value)

    # -- steps

    def mark(self) -> None:
        self._stack.append(self._mark)

    def drop(self) -> None:
        if self._stack and self._stack[-1] is self._mark:
            self._stack.pop()
        else:
            self._pop()

    def drop_group(self) -> None:
        self._group()

    def copy(self) -> None:
        self._stack.append(self._top())

    def text(self, form: struct.Struct) -> None:
        found = self._piece(self._number(form))
        if isinstance(found, Blob):
            self.push(found)
        else:
            self.push(found.decode("utf-8", errors="backslashreplace"))

    def binary(self, form: struct.Struct) -> None:
        self.push(self._piece(self._number(form)))

    def old_text(self, form: struct.Struct) -> None:
        """A string of Python 2: text or bytes; here it is read as text, as names are."""
        found = self._piece(self._number(form))
        self.push(found.decode("latin-1") if isinstance(found, bytes) else found)

    def whole(self, form: struct.Struct) -> None:
        self.push(self._number(form))

    def long(self, form: struct.Struct) -> None:
        found = self._piece(self._number(form))
        known = isinstance(found, bytes) and len(found) < _MOST_DIGITS
        self.push(int.from_bytes(found, "little", signed=True) if known else found)

    def real(self) -> None:
        self.push(struct.unpack(">d", self._window.take(8))[0])

    def spelled(self, kind: Callable[[str], Any]) -> None:
        line = self._line()
        try:
            self.push(kind(line))
        except ValueError:
            raise Damaged("its pickle is damaged: a number in it is none") from None

    def spelled_text(self) -> None:
        self.push(self._line().strip("'\""))

    def collect(self, kind: Callable[[list[Any]], Any]) -> None:
        self.push(kind(self._group()))

    def last(self, count: int) -> None:
        found = tuple(self._pop() for _ in range(count))
        self.push(found[::-1])

    def pairs(self) -> None:
        group = self._group()
        made = Pairs()
        made.pairs = _paired(group)
        self.push(made)

    def append(self) -> None:
        value = self._pop()
        self._extend([value])

    def appends(self) -> None:
        self._extend(self._group())

    def _extend(self, values: list[Any]) -> None:
        target = self._top()
        if isinstance(target, list):
            target += values
        elif isinstance(target, Made):
            if target.elements is None:
                target.elements = []
            target.elements += values

    def set_one(self) -> None:
        value = self._pop()
        self._fill([(self._pop(), value)])

    def set_many(self) -> None:
        self._fill(_paired(self._group()))

    def _fill(self, pairs: list[tuple[Any, Any]]) -> None:
        target = self._top()
        if isinstance(target, Pairs):
            target.pairs += pairs
        elif isinstance(target, Made):
            if target.pairs is None:
                target.pairs = []
            target.pairs += pairs

    def remember_next(self) -> None:
        self._memo[len(self._memo)] = self._top()

    def remember(self, form: struct.Struct) -> None:
        self._memo[self._number(form)] = self._top()

    def remember_spelled(self) -> None:
        self._memo[self._place()] = self._top()

    def recall(self, form: struct.Struct) -> None:
        self._recall(self._number(form))

    def recall_spelled(self) -> None:
        self._recall(self._place())

    def _place(self) -> int:
        line = self._line()
        if not line.isdecimal() or len(line) > _MOST_DIGITS:
            raise Damaged("its pickle is damaged: a place in it has no number")
        return int(line)

    def _recall(self, place: int) -> None:
        if place not in self._memo:
            raise Damaged("its pickle is damaged: it recalls what it has not said")
        self.push(self._memo[place])

    def name(self) -> None:
        module = self._line()
        self.push(Global(module, self._line()))

    def name_of_stack(self) -> None:
        name, module = self._pop(), self._pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise Damaged("its pickle is damaged: a class in it has no name")
        self.push(Global(module, name))

    def extension(self, form: struct.Struct) -> None:
        self.push(Global("copyreg", f"extension {self._number(form)}"))

    def call(self) -> None:
        arguments = self._pop()
        self.push(Made(self._pop(), arguments))

    def call_with_names(self) -> None:
        self._pop()
        self.call()

    def instance(self) -> None:
        module = self._line()
        name = self._line()
        self.push(Made(Global(module, name), tuple(self._group())))

    def object(self) -> None:
        group = self._group()
        if not group:
            raise Damaged("its pickle is damaged: an object has no class")
        self.push(Made(group[0], tuple(group[1:])))

    def build(self) -> None:
        state = self._pop()
        target = self._top()
        if isinstance(target, Made):
            target.state = state

    def outside(self) -> None:
        self.push(Outside(self._pop()))

    def outside_spelled(self) -> None:
        self.push(Outside(self._line()))

    def version(self) -> None:
        self._window.skip(1)

    def frame(self) -> None:
        self._window.skip(8)

    def buffer(self) -> None:
        self.push(Blob(0))

    def nothing(self) -> None:
        pass


def _paired(group: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(group[::2], group[1::2], strict=False))


def _constant(value: Any) -> Callable[[_Machine], None]:  # noqa: ANN401
    return lambda machine: machine.push(value)


def _made(kind: Callable[[], Any]) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(kind())


def _sized(
    step: Callable[[_Machine, struct.Struct], None], form: str
) -> Callable[[_Machine], None]:
    shape = struct.Struct(form)
    return lambda machine: step(machine, shape)


def _whole(line: str) -> int | bool:
    """As protocol 0 has them: ``01`` is true, a long number ends with an L."""
    if line in {"00", "01"}:
        return line == "01"
    if len(line) > _MOST_DIGITS:
        raise ValueError
    return int(line.removesuffix("L"))


_M = _Machine
_OPCODES: dict[bytes, Callable[[_Machine], None]] = {
    b"(": _M.mark, b"0": _M.drop, b"1": _M.drop_group, b"2": _M.copy,
    b"N": _constant(None), b"\x88": _constant(True), b"\x89": _constant(False),  # noqa: FBT003
    b"F": lambda m: m.spelled(float), b"I": lambda m: m.spelled(_whole),
    b"L": lambda m: m.spelled(_whole), b"G": _M.real,
    b"J": _sized(_M.whole, "<i"), b"K": _sized(_M.whole, "<B"), b"M": _sized(_M.whole, "<H"),
    b"\x8a": _sized(_M.long, "<B"), b"\x8b": _sized(_M.long, "<i"),
    b"S": _M.spelled_text, b"V": _M.spelled_text,
    b"T": _sized(_M.old_text, "<i"), b"U": _sized(_M.old_text, "<B"),
    b"X": _sized(_M.text, "<I"), b"\x8c": _sized(_M.text, "<B"), b"\x8d": _sized(_M.text, "<Q"),
    b"B": _sized(_M.binary, "<I"), b"C": _sized(_M.binary, "<B"),
    b"\x8e": _sized(_M.binary, "<Q"), b"\x96": _sized(_M.binary, "<Q"),
    b"]": _made(list), b"}": _made(Pairs), b"\x8f": _made(list), b")": _constant(()),
    b"l": lambda m: m.collect(list), b"t": lambda m: m.collect(tuple),
    b"\x91": lambda m: m.collect(list), b"d": _M.pairs,
    b"\x85": lambda m: m.last(1), b"\x86": lambda m: m.last(2), b"\x87": lambda m: m.last(3),
    b"a": _M.append, b"e": _M.appends, b"\x90": _M.appends, b"s": _M.set_one, b"u": _M.set_many,
    b"p": _M.remember_spelled, b"q": _sized(_M.remember, "<B"), b"r": _sized(_M.remember, "<I"),
    b"\x94": _M.remember_next,
    b"g": _M.recall_spelled, b"h": _sized(_M.recall, "<B"), b"j": _sized(_M.recall, "<I"),
    b"c": _M.name, b"\x93": _M.name_of_stack, b"\x82": _sized(_M.extension, "<B"),
    b"\x83": _sized(_M.extension, "<H"), b"\x84": _sized(_M.extension, "<i"),
    b"R": _M.call, b"\x81": _M.call, b"\x92": _M.call_with_names, b"i": _M.instance,
    b"o": _M.object, b"b": _M.build, b"Q": _M.outside, b"P": _M.outside_spelled,
    b"\x80": _M.version, b"\x95": _M.frame, b"\x97": _M.buffer, b"\x98": _M.nothing,
}  # fmt: skip
# those that make something that holds others
_BUILDING = frozenset(bytes([code]) for code in b"]}l\x8f\x91dt\x85\x86\x87RiocQ\x81\x92\x93P")
