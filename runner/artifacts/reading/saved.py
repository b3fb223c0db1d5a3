"""What a checkpoint says about a training, out of the parts of its pickle.

Lightning's keys: ``lightning/pytorch/trainer/connectors/checkpoint_connector.py``
(``dump_checkpoint``, 1.0 to 2.6). Others follow the tutorials of torch: ``model_state_dict``,
``optimizer_state_dict``, ``epoch``, ``loss``.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.artifacts.reading.pickles.nodes import Made, Outside, Pairs
from runner.artifacts.reading.pickles.plain import Speaker
from runner.artifacts.reading.pickles.tensors import Numbers, contents, storage, tensor
from runner.artifacts.reading.source import Damaged
from runner.artifacts.reading.values import Checkpoint, Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from runner.artifacts.reading.pickles.tensors import Storage
    from runner.artifacts.reading.values import Plain

_VERSION = "pytorch-lightning_version"
_HYPER = ("hyper_parameters", "hparams", "args", "config", "cfg")
_EPOCHS = ("epoch", "current_epoch", "epochs")
_STEPS = ("global_step", "step", "iteration", "iter", "steps")
_HIDDEN = {"_parameters", "_buffers", "_modules"}
_VISITS = 500_000
_MOST_TENSORS = 100_000
_DEEPEST = 60
_LONGEST_NAME = 500
_OPTIMIZER = "param_groups"
# what other parts of the result say
_COUNTED = {*_EPOCHS[:2], *_STEPS[:2]}
_MOST_FACTS = 200
_MOST_PARTS = 200_000
_MOST_GROUPS = 20
# of Lightning the same, and its own book-keeping
_KNOWN = {
    _VERSION, "epoch", "global_step", "state_dict", "optimizer_states", "lr_schedulers",
    "callbacks", "hyper_parameters", "hparams_name", "loops", "hparams_type",
    "datamodule_hyper_parameters", "datamodule_hparams_name", "datamodule_hparams_type",
}  # fmt: skip


def describe(
    root: Any,  # noqa: ANN401 - any node
    number: Callable[[Numbers], float | None],
    check: Callable[[list[Storage]], None],
    *,
    script: bool = False,
) -> Checkpoint:
    """The checkpoint that a pickle holds.

    ``number`` gives the value of a tensor with one; ``check`` is told all storages that the
    pickle claims, and raises ``Damaged`` if they cannot be there.
    """
    walked = _walk(root)
    check(list(walked.storages.values()))
    speaker = Speaker(number)
    named = contents(root) if isinstance(root, Pairs | Made) else ()
    parts = dict(islice(named, _MOST_PARTS))
    if _VERSION in parts or {"state_dict", "optimizer_states"} <= parts.keys():
        return _lightning(parts, speaker)
    tensors, count = _model(walked, parts)
    optimizers = [value for value in parts.values() if _is_optimizer(value)]
    return Checkpoint(
        "torchscript" if script else "torch",
        tensors,
        count,
        epoch=_counted(parts, _EPOCHS),
        step=_counted(parts, _STEPS),
        hyper_parameters=_hyper(parts, speaker),
        optimizers=tuple(_optimizer(value, speaker) for value in optimizers),
        facts=() if script else tuple(_facts(parts, speaker)),
    )


class _Walked(NamedTuple):
    found: list[tuple[str, Numbers]]
    storages: dict[str, Storage]


class _Part(NamedTuple):
    """An object on the way: what of it is left, its name, and how many tensors came before it."""

    rest: Iterator[tuple[str, Any]]
    name: str
    identity: int
    before: int


def _walk(root: Any) -> _Walked:  # noqa: ANN401
    """Every tensor with its name, and every storage, wherever they are.

    An object may be reached on many ways: one that holds no tensor is looked through once.
    """
    found: list[tuple[str, Numbers]] = []
    storages: dict[str, Storage] = {}
    # objects without tensors, and how deep they lay: deeper, no more of them would be seen
    bare: dict[int, int] = {}
    way = [_Part(iter([("", root)]), "", 0, 0)]
    for _ in range(_VISITS):
        if not way:
            return _Walked(found, storages)
        held = next(way[-1].rest, None)
        if held is None:
            seen = way.pop()
            if len(found) == seen.before:
                bare[seen.identity] = len(way)
            continue
        name, node = _joined(way[-1].name, held[0]), held[1]
        numbers = tensor(node)
        if numbers is not None:
            found.append((name, numbers))
            _note(node, storages)
            if len(found) > _MOST_TENSORS:
                raise Damaged("it holds more tensors than wf looks at")
        elif isinstance(node, Pairs | Made | list | tuple) and len(way) < bare.get(
            id(node), _DEEPEST
        ):
            way.append(_Part(contents(node), name, id(node), len(found)))
    raise Damaged("it holds more objects than wf looks at")


def _note(node: Any, storages: dict[str, Storage]) -> None:  # noqa: ANN401
    """Note the storages among a tensor's arguments, which may be tensors themselves."""
    left = [node]
    for _ in range(100):
        if not left:
            return
        part = left.pop()
        kept = storage(part) if isinstance(part, Outside) else None
        if kept is not None:
            storages[kept.key] = kept
        elif isinstance(part, Made):
            left += part.arguments
        elif isinstance(part, tuple):
            left += part[:10]


def _joined(name: str, key: str) -> str:
    if key in _HIDDEN or not key:
        return name
    joined = f"{name}.{key}" if name else key
    return joined if len(joined) <= _LONGEST_NAME else joined[: _LONGEST_NAME - 1] + "…"


def _lightning(parts: Mapping[str, Any], speaker: Speaker) -> Checkpoint:
    version = parts.get(_VERSION)
    model = _walk(parts.get("state_dict")).found
    callbacks = islice(contents(parts.get("callbacks")), _MOST_FACTS)
    named = [(key, speaker.mapping(value)) for key, value in callbacks]
    others = {key: value for key, value in parts.items() if key not in _KNOWN}
    return Checkpoint(
        "lightning",
        tuple(Tensor(name, numbers.shape, numbers.dtype) for name, numbers in model),
        _count(model),
        lightning=version if isinstance(version, str) else None,
        epoch=_counted(parts, ("epoch",)),
        step=_counted(parts, ("global_step",)),
        hyper_parameters=_hyper(parts, speaker),
        optimizers=tuple(_each(parts.get("optimizer_states"), _optimizer, speaker)),
        schedulers=tuple(_each(parts.get("lr_schedulers"), _scheduler, speaker)),
        callbacks=tuple(named),
        facts=tuple(_facts(others, speaker)),
    )


def _model(
    walked: _Walked,
    parts: Mapping[str, Any],
) -> tuple[tuple[Tensor, ...], int]:
    """The tensors of a file of another kind: all but those of its optimizers."""
    hidden = tuple(f"{key}." for key, value in parts.items() if _is_optimizer(value))
    facts = {key for key, value in _single(parts)}
    kept = [
        one
        for one in walked.found
        if one[0] not in facts and not (hidden and one[0].startswith(hidden))
    ]
    return tuple(Tensor(name, found.shape, found.dtype) for name, found in kept), _count(kept)


def _count(found: list[tuple[str, Numbers]]) -> int:
    """How many numbers there are; what several tensors share counts once."""
    own = {(name if one.storage is None else one.storage, one.offset, one.shape): one.elements
           for name, one in found}  # fmt: skip
    return sum(own.values())


def _each(
    states: Any,  # noqa: ANN401
    describing: Callable[[Any, Speaker], dict[str, Plain]],
    speaker: Speaker,
) -> Iterator[dict[str, Plain]]:
    for _, state in islice(contents(states), _MOST_GROUPS):
        yield describing(state, speaker)


def _is_optimizer(node: Any) -> bool:  # noqa: ANN401
    return isinstance(node, Pairs) and node.get(_OPTIMIZER) is not None


def _optimizer(node: Any, speaker: Speaker) -> dict[str, Plain]:  # noqa: ANN401
    """Its settings of each group of parameters, how many parameters, and what it keeps of each."""
    parts = dict(islice(contents(node), _MOST_FACTS))
    groups = []
    for _, group in islice(contents(parts.get(_OPTIMIZER)), _MOST_GROUPS):
        settings = dict(islice(contents(group), _MOST_FACTS))
        members = settings.pop("params", ())
        said = {key: speaker.say(value, 1) for key, value in settings.items()}
        groups.append({**said, "params": len(members) if isinstance(members, list) else 0})
    _, first = next(contents(parts.get("state")), ("", None))
    kept = [key for key, _ in islice(contents(first), _MOST_FACTS)]
    return {"groups": groups, "state": kept}


def _scheduler(node: Any, speaker: Speaker) -> dict[str, Plain]:  # noqa: ANN401
    said = speaker.mapping(node)
    return {key: value for key, value in said.items() if not isinstance(value, list | dict)} | {
        key: said[key] for key in ("_last_lr", "base_lrs") if key in said
    }


def _hyper(parts: Mapping[str, Any], speaker: Speaker) -> dict[str, Plain] | None:
    """As Lightning's loggers have them: the data module's, and the model's before those."""
    own = (parts[key] for key in _HYPER if isinstance(parts.get(key), Pairs | Made))
    found = [parts.get("datamodule_hyper_parameters"), next(own, None)]
    if not any(isinstance(node, Pairs | Made) for node in found):
        return None
    return {key: value for node in found for key, value in speaker.mapping(node).items()}


def _counted(parts: Mapping[str, Any], keys: tuple[str, ...]) -> int | None:
    return next((parts[key] for key in keys if type(parts.get(key)) is int), None)


def _facts(parts: Mapping[str, Any], speaker: Speaker) -> Iterator[tuple[str, Plain]]:
    """What else is plain: numbers, short texts, and tensors that are a number."""
    plain = [one for one in parts.items() if isinstance(one[1], bool | int | float | str)]
    for key, value in [*plain, *_single(parts)][:_MOST_FACTS]:
        if key not in _COUNTED:
            yield key, speaker.say(value)


def _single(parts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Tensors that are a number, a loss say: those that stand beside something else than tensors.

    Where all are tensors they are a model's, whatever their shape.
    """
    found = [(key, value, tensor(value)) for key, value in parts.items()]
    if all(numbers is not None for _, _, numbers in found):
        return []
    return [(key, value) for key, value, numbers in found if numbers and not numbers.shape]
