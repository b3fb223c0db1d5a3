"""For every Python of a job whose GPUs are simulated: processes on the CPU stand in for them.

Python imports a module of this name when it starts (docs.python.org, "site"). It imports nothing of
wf, and changes nothing until the job imports one of these libraries:

- Lightning since 1.6, under each of its names: a Trainer or Fabric that asks for GPUs gets as many
  processes on the CPU;
- ``torch.distributed``: a process group that is to be joined by NCCL is joined by Gloo.

Nothing else pretends. There is no GPU, and what calls CUDA itself fails. It must be understood by
each Python that an environment can have (3.7 and newer).
"""

from __future__ import annotations

import atexit
import importlib.machinery
import importlib.util
import os
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    Change = Callable[[ModuleType], None]

_COUNT = "WF_SIMULATED_GPUS"
_NOTES = "WF_NOTES"
# a process that has one of them, and not 0, leaves it to another one to speak
_RANKS = ("RANK", "LOCAL_RANK", "DSTACK_NODE_RANK")
_GPU_ACCELERATORS = frozenset({"auto", "cuda", "cudaaccelerator", "gpu", "gpuaccelerator"})
_EVERY = frozenset({None, -1, 0, "", "-1", "0", "auto"})
_NO_GPUS = frozenset({None, 0, "", "0", ()})
# Lightning's words for 16 bits, and those for what a CPU can do instead
_HALF = {16: "bf16", "16": "bf16", "16-mixed": "bf16-mixed", "16-true": "bf16-true"}
_LAST_EXCHANGE_SECONDS = 0.1
_CONNECTORS = frozenset({"AcceleratorConnector", "_AcceleratorConnector", "_Connector"})


class Finder:
    """Finds modules as they are, and has some of them changed once they have been executed."""

    def __init__(self, changes: Mapping[str, Change]) -> None:
        self._changes = changes
        self._looking: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Whatever another finder has, with the change behind its execution."""
        if name not in self._changes or name in self._looking:
            return None
        self._looking.add(name)
        try:
            found = _found_by_others(self, name, path, target)
        finally:
            self._looking.discard(name)
        if found is not None and found.loader is not None:
            _run_after(found.loader, self._changes[name])
        return found


def _found_by_others(
    own: Finder, name: str, path: Sequence[str] | None, target: ModuleType | None
) -> importlib.machinery.ModuleSpec | None:
    for finder in sys.meta_path:
        find = None if finder is own else getattr(finder, "find_spec", None)
        found: importlib.machinery.ModuleSpec | None = find and find(name, path, target)
        if found is not None:
            return found
    return None


def _run_after(loader: Any, change: Change) -> None:  # noqa: ANN401 - loaders have no common type
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        change(module)

    loader.exec_module = exec_module


class Stand:
    """What stands in for ``gpus`` GPUs; ``say`` tells people of it."""

    def __init__(self, gpus: int, say: Callable[[str], None]) -> None:
        self._gpus = gpus
        self._say = say

    def changes(self) -> dict[str, Change]:
        """How each library is changed, by the module at which it is."""
        return {
            "torch.distributed.distributed_c10d": self.torch,
            "pytorch_lightning.trainer.connectors.accelerator_connector": self.lightning,
            "lightning.pytorch.trainer.connectors.accelerator_connector": self.lightning,
            "lightning_fabric.connector": self.lightning,
            "lightning.fabric.connector": self.lightning,
            "pytorch_lightning.strategies.launchers.multiprocessing": own_memory,
            "pytorch_lightning.strategies.launchers.spawn": own_memory,
            "lightning.pytorch.strategies.launchers.multiprocessing": own_memory,
        }

    def torch(self, module: Any) -> None:  # noqa: ANN401 - the module has no types here
        """Process groups are joined by Gloo where they were to be by NCCL."""
        module.new_group = _with_gloo(module.new_group, 2)
        begin = _with_gloo(module.init_process_group, 0)

        def init_process_group(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - torch's own
            begin(*args, **kwargs)
            atexit.register(_leave, module)
            if module.get_rank() == 0:
                ranks, joined = module.get_world_size(), module.get_backend()
                self._say(f"{ranks} rank{'' if ranks == 1 else 's'} on the CPU, joined by {joined}")

        module.init_process_group = _in_place_of(module.init_process_group, init_process_group)

    def lightning(self, module: ModuleType) -> None:
        """A Trainer or Fabric that asks for GPUs gets processes on the CPU."""
        for name in _CONNECTORS:
            connector = getattr(module, name, None)
            if connector is not None and connector.__module__ == module.__name__:
                connector.__init__ = self._connecting(connector.__init__)

    def _connecting(self, connect: Callable[..., None]) -> Callable[..., None]:
        import inspect

        signature = inspect.signature(connect)

        def connecting(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Lightning's own
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            changed = on_the_cpu(given.arguments, self._gpus)
            if changed:
                self._say(f"Lightning, {_told(given.arguments, changed)}")
            given.arguments.update(changed)
            connect(*given.args, **given.kwargs)

        return _in_place_of(connect, connecting)


def own_memory(module: ModuleType) -> None:
    """See that processes that Lightning spawns do not all train one and the same model.

    Tensors on the CPU reach a spawned process as shared memory, those on a GPU do not. Since 2.1
    Lightning parts them itself (``_disable_module_memory_sharing``).
    """
    if hasattr(module, "_disable_module_memory_sharing"):
        return
    for name in ("_SpawnLauncher", "_MultiProcessingLauncher"):
        launcher = getattr(module, name, None)
        if launcher is not None:
            launcher._wrapping_function = _parting(launcher._wrapping_function)  # noqa: SLF001


def _parting(begin: Callable[..., None]) -> Callable[..., None]:
    """``begin`` is what a spawned process is started with; its fifth argument holds the model."""

    def parting(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Lightning's own
        for given in args[4]:
            if hasattr(given, "parameters") and hasattr(given, "buffers"):
                for tensor in (*given.parameters(), *given.buffers()):
                    tensor.data = tensor.data.clone()
        begin(*args, **kwargs)

    return _in_place_of(begin, parting)


def _leave(module: Any) -> None:  # noqa: ANN401 - the module has no types here
    """Scripts leave it out; NCCL puts up with that, and Gloo now and then aborts the process.

    So it does when a thread of its own still waits for the interpreter's lock to give back the
    tensors of the last exchange: once the interpreter ends, who waits for it is ended with it, in
    the midst of code that must not be left (C++ calls ``std::terminate``). Model and optimizer
    keep these threads, so they can't be ended first; while this one rests, they have their turn.
    """
    if module.is_initialized():
        module.destroy_process_group()
    time.sleep(_LAST_EXCHANGE_SECONDS)


def on_the_cpu(asked: Mapping[str, Any], gpus: int) -> dict[str, Any]:
    """What to change of the arguments of Lightning's connector; nothing where no GPU is asked for.

    Raises:
        RuntimeError: more GPUs are asked for than there are, which Lightning would refuse as well.
    """
    old = asked.get("gpus")  # until 1.9, besides `devices`
    by_name = asked.get("accelerator")
    name = by_name if isinstance(by_name, str) else type(by_name).__name__
    if _plain(old) not in _NO_GPUS:
        wanted = old
    elif name.lower() in _GPU_ACCELERATORS and not (asked.get("tpu_cores") or asked.get("ipus")):
        wanted = asked.get("devices")
    else:
        return {}
    changed = {"accelerator": "cpu", "devices": _count(wanted, gpus)}
    if asked.get("precision") in _HALF:
        changed["precision"] = _HALF[asked["precision"]]
    # torch has it for GPUs only
    instead = {"gpus": None, "auto_select_gpus": False, "sync_batchnorm": False}
    return {**changed, **{key: value for key, value in instead.items() if asked.get(key)}}


def _plain(devices: Any) -> Any:  # noqa: ANN401 - whatever Lightning takes for devices
    """Lists of devices in the form in which they can be compared."""
    if isinstance(devices, str):
        return devices.replace(" ", "").lower()
    return devices if devices is None or isinstance(devices, int) else tuple(devices)


def _count(devices: Any, gpus: int) -> int:  # noqa: ANN401 - whatever Lightning takes for devices
    """How many processes; 0 is what ``torch.cuda.device_count()`` says where there is no GPU."""
    wanted = _plain(devices)
    if wanted in _EVERY:
        return gpus
    if isinstance(wanted, str) and "," in wanted:
        wanted = tuple(word for word in wanted.split(",") if word)
    if isinstance(wanted, tuple):
        numbers = [int(word) for word in wanted if str(word).isdigit()]
        number, most = len(wanted), max([*numbers, len(wanted) - 1]) + 1
    else:
        number = most = int(wanted)
    if most > gpus:
        message = f"{devices!r} are asked for, and the job has {gpus} simulated GPUs"
        raise RuntimeError(message)
    return number


def _told(asked: Mapping[str, Any], changed: Mapping[str, Any]) -> str:
    """The arguments that were changed, and what they have become."""
    before = ", ".join(f"{key}={asked[key]!r}" for key in changed if asked[key] is not None)
    number = changed["devices"]
    said = f"{number} process{'' if number == 1 else 'es'} on the CPU"
    if "precision" in changed:
        said += f" in {changed['precision']}"
    if "sync_batchnorm" in changed:
        said += " without synchronised batch norm"
    return f"{before}: {said}"


def _with_gloo(function: Callable[..., Any], position: int) -> Callable[..., Any]:
    """``function`` with Gloo for NCCL; ``position`` is that of its argument ``backend``."""

    def called(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - torch's own
        given = list(args)
        if len(given) > position:
            given[position] = _gloo(given[position])
        elif "backend" in kwargs:
            kwargs["backend"] = _gloo(kwargs["backend"])
        return function(*given, **kwargs)

    return _in_place_of(function, called)


def _gloo(backend: Any) -> Any:  # noqa: ANN401 - a text, or a kind of it of torch's
    """NCCL is known by its name, which may stand among others: ``cpu:gloo,cuda:nccl``."""
    return "gloo" if "nccl" in str(backend).lower() else backend


def _in_place_of(
    original: Callable[..., Any], replacement: Callable[..., Any]
) -> Callable[..., Any]:
    import functools

    return functools.wraps(original)(replacement)


class Teller:
    """Says each thing once: where the job's output goes, and on the record of its run."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._said: set[str] = set()

    def say(self, text: str) -> None:
        """Say it, in the first process of the job."""
        if text in self._said or any(self._variables.get(name, "0") != "0" for name in _RANKS):
            return
        self._said.add(text)
        line = f"simulated GPUs: {text}\n"
        try:
            sys.stderr.write(f"wf: {line}")
            sys.stderr.flush()
            with open(self._variables[_NOTES], "a", encoding="utf-8") as notes:
                notes.write(line)
        except (AttributeError, KeyError, OSError, ValueError):
            return  # the job has closed its stderr, or taken its variables away


def _begin() -> None:
    """See to the libraries, then do what a module of this name does in the environment itself."""
    number = os.environ.get(_COUNT, "")
    if number.isdigit() and int(number):
        stand = Stand(int(number), Teller(os.environ).say)
        sys.meta_path.insert(0, Finder(stand.changes()))
    own = os.path.dirname(os.path.abspath(__file__))
    others = [folder for folder in sys.path if os.path.abspath(folder) != own]
    found = importlib.machinery.PathFinder.find_spec(__name__, others)
    if found is not None and found.loader is not None:
        module = importlib.util.module_from_spec(found)
        sys.modules[__name__] = module
        found.loader.exec_module(module)


if __name__ == "sitecustomize":
    _begin()
