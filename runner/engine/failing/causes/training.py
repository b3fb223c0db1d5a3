"""What goes wrong in a training itself."""

from __future__ import annotations

from runner.engine.failing.causes.rule import Rule, Seen, always, rule
from runner.engine.failing.failure import Cause


def _nan(seen: Seen) -> Cause:
    found = seen.known.setting("learning_rate", "lr")
    hint = "use a smaller learning rate, or clip the gradients (`gradient_clip_val=1.0`)"
    if found is not None:
        hint = f"{seen.known.again(found.words('VALUE'))}, smaller than {found.value}"
    return Cause("nan_loss", "the loss is no number any more (NaN or infinite)", hint)


def _shapes(seen: Seen) -> Cause:
    said = f"two matrices do not fit: {seen['a']} and {seen['b']}"
    hint = "give the layer as many inputs as the data has columns"
    return Cause("shapes", said, hint)


RULES: tuple[Rule, ...] = (
    rule(
        r"[Ll]oss\b.{0,60}\b(?:is|became|was|returned|contains?)\b.{0,20}\b(?:nan|NaN|inf|infinite)\b"
        r"|returned nan values in its \d+th output|Input (?:X )?contains (?:NaN|infinity)"
        r"|[Ll]oss (?:=|is|:) ?(?:nan|NaN|inf)\b",
        _nan,
    ),
    rule(
        r"mat1 and mat2 shapes cannot be multiplied \((?P<a>\d+x\d+) and (?P<b>\d+x\d+)\)", _shapes
    ),
    rule(
        r"Error\(s\) in loading state_dict for",
        always(
            "checkpoint_mismatch",
            "the checkpoint is of a model with other layers",
            "make the model with the same sizes, or take another checkpoint",
        ),
    ),
    rule(
        r"Weights only load failed|WeightsUnpickler error",
        always(
            "checkpoint_pickled",
            "PyTorch 2.6 and newer load weights only, and the file holds more",
            "torch.load(..., weights_only=False), if you trust the file",
        ),
    ),
)
