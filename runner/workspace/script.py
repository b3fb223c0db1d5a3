"""What can be told from the text of a Python file, without running it."""

from __future__ import annotations

import ast
import posixpath
import re
import warnings
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FRAMEWORKS = frozenset(
    {"torch", "lightning", "pytorch_lightning", "tensorflow", "keras", "jax", "flax", "sklearn",
     "transformers", "xgboost", "lightgbm", "catboost", "accelerate", "fastai"}
)  # fmt: skip
_LIGHTNING = frozenset({"lightning", "pytorch_lightning"})
_LIGHTNING_DEFAULT = "lightning_logs"
# calls that write to what their texts name, and the keywords that name it
_WRITERS = frozenset(
    {"save", "savez", "savez_compressed", "save_file", "save_model", "save_pretrained", "savefig",
     "save_weights", "to_csv", "to_json", "to_parquet", "to_pickle", "imsave", "makedirs", "mkdir",
     "SummaryWriter", "FileHandler", "CSVLogger", "TensorBoardLogger"}
)  # fmt: skip
# the same for what they are called on: Path("model").mkdir()
_WRITTEN_ON = frozenset({"mkdir", "touch", "write_text", "write_bytes", "open"})
_PATHS = frozenset({"Path", "PurePath", "join", "str"})
_FOLDER_KEYWORDS = frozenset(
    {"dirpath", "save_dir", "log_dir", "logdir", "default_root_dir", "output_dir", "root_dir"}
)
_ADDERS = frozenset({"add_argument", "option", "Option"})
_ADDED = frozenset({"help", "default", "type", "action"})
_OUTPUT_OPTION = re.compile(r"[-_](out|output|save|ckpt|checkpoint|log[-_]?dir|model[-_]?dir)")
_INPUT_OPTION = re.compile(r"data|input|config|source")
_WRITING_MODE = re.compile(r"[rwax+bt]*[wax+][rwax+bt]*")
_RELATIVE = re.compile(r"(?:\./)*[A-Za-z0-9_][^:*?<>|\n\r]*")
# names that stand for names: enough for a script, and an end for `a = a / "b"`
_MOST_STEPS = 20
_RUNS = (ast.For, ast.While, ast.With)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file is and does.

    ``imports`` are dotted names, relative ones with their dots in front; ``guarded``: it has an
    ``if __name__ == "__main__":``; ``acts``: it does something when it is run.
    """

    imports: tuple[str, ...]
    options: tuple[str, ...]
    outputs: tuple[str, ...]
    uses_gpu: bool
    needs_gpu: bool
    guarded: bool
    acts: bool


def facts(text: str) -> Facts | None:
    """What can be told from a file; ``None`` if it is no Python that this Python can read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in a text is not our matter
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    nodes = list(ast.walk(tree))
    imports = tuple(dict.fromkeys(name for node in nodes for name in _imports(node)))
    constants = dict(_constants(tree))
    lightning = not _LIGHTNING.isdisjoint(name.partition(".")[0] for name in imports)
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    written = [path for call in calls for path in _written(call, constants, lightning=lightning)]
    guarded = any(_is_guard(node) for node in tree.body)
    return Facts(
        imports=imports,
        options=tuple(dict.fromkeys(option for call in calls for option in _options(call))),
        outputs=tuple(dict.fromkeys(kept for path in written if (kept := _kept(path)))),
        uses_gpu=any(_names_gpu(node) for node in nodes),
        needs_gpu=any(_asks_for_gpu(call) for call in calls),
        guarded=guarded,
        acts=guarded or any(_acts(node) for node in tree.body),
    )


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        yield base
        joint = "" if base.endswith(".") else "."
        yield from (f"{base}{joint}{alias.name}" for alias in node.names)


def _is_guard(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and any(
            isinstance(side, ast.Name) and side.id == "__name__"
            for side in (node.test.left, *node.test.comparators)
        )
    )


def _acts(node: ast.stmt) -> bool:
    return isinstance(node, _RUNS) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    )


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _options(call: ast.Call) -> Iterator[str]:
    """Options of argparse, click and typer, whatever the function that adds them is called."""
    if _called(call) not in _ADDERS and _ADDED.isdisjoint(key.arg for key in call.keywords):
        return
    for argument in call.args:
        if isinstance(argument, ast.Constant) and str(argument.value).startswith("--"):
            yield str(argument.value).partition("/")[0]
            return


# --- GPUs -----------------------------------------------------------------------------------------


def _names_gpu(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return text in {"cuda", "gpu"} or text.startswith("cuda:")
        case ast.Attribute(attr="cuda"):  # tensor.cuda(), torch.cuda
            return True
        case ast.Call():
            return _called(node) == "Trainer" and any(
                keyword.arg in {"accelerator", "devices", "gpus"} for keyword in node.keywords
            )
        case _:
            return False


def _asks_for_gpu(call: ast.Call) -> bool:
    return _called(call) == "Trainer" and any(
        keyword.arg == "accelerator"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value in {"gpu", "cuda"}
        for keyword in call.keywords
    )


# --- what is written ------------------------------------------------------------------------------


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Names that stand for one value, at the top of the file."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
            case _:
                continue


def _written(
    call: ast.Call, constants: Mapping[str, ast.expr], *, lightning: bool
) -> Iterator[str]:
    """Paths that a call writes to, as far as they stand in the text."""
    name = _called(call)
    places: list[ast.expr] = [
        keyword.value for keyword in call.keywords if keyword.arg in _FOLDER_KEYWORDS
    ]
    if name in _WRITERS:
        places += call.args
    if name == "open" and not _opens_to_write(call):
        return
    if name == "open" and len(call.args) > 1:
        places.append(call.args[0])
    if name in _WRITTEN_ON and isinstance(call.func, ast.Attribute):
        places.append(call.func.value)
    places += _default(call)
    found = [path for place in places if (path := _path(place, constants))]
    if name == "Trainer" and lightning and not found and _logs_by_itself(call):
        found.append(_LIGHTNING_DEFAULT)
    yield from found


def _opens_to_write(call: ast.Call) -> bool:
    # the path comes first, but for Path.open
    given = call.args[1:] if len(call.args) > 1 else call.args
    modes = [*given, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return any(
        isinstance(mode, ast.Constant)
        and isinstance(mode.value, str)
        and _WRITING_MODE.fullmatch(mode.value)
        for mode in modes
    )


def _default(call: ast.Call) -> list[ast.expr]:
    """What an option says is written to, if nothing else is asked for."""
    option = next(_options(call), "")
    defaults = [keyword.value for keyword in call.keywords if keyword.arg == "default"]
    if _OUTPUT_OPTION.search(option):
        return defaults
    if not option or _INPUT_OPTION.search(option):
        return []
    return [value for value in defaults if isinstance(value, ast.Call) and _called(value) in _PATHS]


def _logs_by_itself(call: ast.Call) -> bool:
    """Whether a Trainer makes a logger of its own: ``logger`` is not given, or ``True``."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "logger"]
    return not given or (isinstance(given[0], ast.Constant) and given[0].value is True)


def _path(node: ast.expr, constants: Mapping[str, ast.expr], depth: int = 0) -> str | None:
    """The path an expression stands for, or as much of its front as is known, up to a slash."""
    if depth > _MOST_STEPS:
        return None

    def inner(part: ast.expr) -> str | None:
        return _path(part, constants, depth + 1)

    found: str | None = None
    match node:
        case ast.Constant(value=str(text)):
            found = text
        case ast.Name(id=name) if name in constants:
            found = inner(constants[name])
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            found = text.rpartition("/")[0]
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            found = _joined([inner(left), inner(right)])
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod()):
            found = (inner(left) or "").rpartition("/")[0]
        case ast.Call(args=[_, *_] as parts) if _called(node) in _PATHS:
            found = _joined([inner(part) for part in parts])
        case _:
            pass
    return found or None


def _joined(parts: list[str | None]) -> str | None:
    """The parts as far as they are known."""
    known = list(takewhile(bool, parts))
    return posixpath.join(*(part for part in known if part)) if known else None


def _kept(path: str) -> str | None:
    """What to keep for a path: its first folder, or itself. Nothing outside the project."""
    if not _RELATIVE.fullmatch(path) or "://" in path:
        return None
    first, *rest = posixpath.normpath(path).split("/")
    if first in {"..", "."} or "{" in first or "%" in first:
        return None
    suffix = posixpath.splitext(first)[1]
    return first if rest or suffix or first.isidentifier() or "-" in first else None
