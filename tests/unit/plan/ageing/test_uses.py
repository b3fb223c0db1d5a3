"""Scripts are read for what was removed, and only where it is certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.plan.ageing.catalogue import catalogue
from runner.plan.ageing.uses import LIMIT, read

if TYPE_CHECKING:
    from runner.plan.ageing.rules import Removal


def found(text: str) -> list[tuple[str, int, int]]:
    """What is used, with its line and column."""
    uses = read("train.py", text, catalogue()).uses
    return [(use.written, use.place.line, use.place.column) for use in uses]


def written(text: str) -> list[str]:
    """What is used, as it is written."""
    return [use for use, _, _ in found(text)]


USED = {
    "an attribute": ("import numpy as np\nx = np.Inf\n", "np.Inf", 2, 5),
    "a name that is imported": ("from numpy import Inf\n", "numpy.Inf", 1, 19),
    "a name with an alias": ("from numpy import float as f, Inf as i\n", "numpy.Inf", 1, 31),
    "a module": ("import pytorch_lightning.metrics\n", "pytorch_lightning.metrics", 1, 8),
    "what lies in a module that is gone": (
        "from pytorch_lightning.metrics.functional import accuracy\n",
        "pytorch_lightning.metrics",
        1,
        50,
    ),
    "an argument": (
        "import pytorch_lightning as pl\npl.Trainer(max_epochs=1, gpus=2)\n",
        "pl.Trainer(gpus=…)",
        2,
        26,
    ),
    "an argument beside unknown ones": (
        "from pytorch_lightning import Trainer as T\nT(gpus=1, **more)\n",
        "T(gpus=…)",
        2,
        3,
    ),
    "an argument in the unified package": (
        "import lightning as L\nL.Trainer(gpus=1)\n",
        "L.Trainer(gpus=…)",
        2,
        11,
    ),
    "an argument by an alias of the class": (
        "import pytorch_lightning as pl\nTrainer = pl.Trainer\nTrainer(gpus=1)\n",
        "Trainer(gpus=…)",
        3,
        9,
    ),
    "a value of an argument": (
        'import pytorch_lightning as pl\npl.Trainer(accelerator="ddp")\n',
        'pl.Trainer(accelerator="ddp")',
        2,
        12,
    ),
    "a method of a class": (
        (
            "from pytorch_lightning import LightningModule\n"
            "class M(LightningModule):\n"
            "    async def test_epoch_end(self, outputs): ...\n"
        ),
        "LightningModule.test_epoch_end",
        3,
        15,
    ),
    "a method of a class that derives from another of the file": (
        (
            "from pytorch_lightning.core.lightning import LightningModule as Base\n"
            "class A(Base): ...\n"
            "class B(A):\n"
            "    def training_epoch_end(self, outputs): ...\n"
        ),
        "LightningModule.training_epoch_end",
        4,
        9,
    ),
    "an argument of a method": (
        (
            "import pytorch_lightning as pl\n"
            "class M(pl.LightningModule):\n"
            "    def training_step(self, batch, batch_idx, optimizer_idx): ...\n"
        ),
        "LightningModule.training_step(optimizer_idx)",
        3,
        47,
    ),
    "a method of what a call made": (
        "import pytorch_lightning as pl\nt = pl.Trainer()\nt.tune(m)\n",
        "t.tune",
        3,
        1,
    ),
    "an argument of such a method": (
        "import pytorch_lightning as pl\nt = pl.Trainer()\nif x:\n    t.test(test_dataloaders=d)\n",
        "t.test(test_dataloaders=…)",
        4,
        12,
    ),
    "a table that grows": (
        "import pandas as pd\nd = pd.DataFrame()\nfor r in x:\n    d = d.append(r)\n",
        "d.append",
        4,
        9,
    ),
    "an argument that is needed now": (
        "import torchmetrics\nm = torchmetrics.Accuracy()\n",
        "torchmetrics.Accuracy(…)` without `task=…",
        2,
        5,
    ),
    "a name in the library": ("from collections import Mapping\n", "collections.Mapping", 1, 25),
    "behind letters of several bytes": (
        "import numpy as np\nx = 'äöü€😀'; np.NaN\n",
        "np.NaN",
        2,
        14,
    ),
    "below a form feed": ("import numpy as np\n\x0cnp.NaN\n", "np.NaN", 2, 2),
    "in a branch that asks for something else": (
        (
            "import pytorch_lightning as pl, torch\n"
            "if torch.cuda.is_available():\n"
            "    t = pl.Trainer(gpus=1)\n"
        ),
        "pl.Trainer(gpus=…)",
        3,
        20,
    ),
}

SILENT = {
    "nothing of ours": "import os\nos.Inf\n",
    "a name nobody imported": "np.Inf\n",
    "what is still there": "import numpy as np\nnp.inf, np.row_stack, np.random.Inf\n",
    "an argument that is still there": "import pytorch_lightning as pl\npl.Trainer(devices=1)\n",
    "arguments from elsewhere": "import pytorch_lightning as pl\npl.Trainer(**options)\n",
    "the same argument of another class": "from mine import Trainer\nTrainer(gpus=1)\n",
    "a class that became another one": (
        "from pytorch_lightning import Trainer\nTrainer = wrap(Trainer)\nTrainer(gpus=1)\n"
    ),
    "a name that is an argument": "import numpy as np\ndef f(np):\n    return np.Inf\n",
    "either of two packages": (
        "try:\n    import lightning.pytorch as pl\nexcept ImportError:\n"
        "    import pytorch_lightning as pl\npl.Trainer(gpus=1)\n"
    ),
    "an import that may fail": (
        "try:\n    from collections import Mapping\nexcept ImportError:\n"
        "    from collections.abc import Mapping\n"
    ),
    "what is tried": (
        "import numpy as np\ntry:\n    x = np.Inf\nexcept AttributeError:\n    x = np.inf\n"
    ),
    "a fallback": (
        "try:\n    from collections.abc import Set\nexcept ImportError:\n"
        "    from collections import Set\n"
    ),
    "a condition on a version": (
        "import pytorch_lightning as pl\n"
        "if LooseVersion(pl.__version__) < LooseVersion('2.0'):\n    t = pl.Trainer(gpus=1)\n"
        "else:\n    t = pl.Trainer(devices=1)\n"
    ),
    "a condition on an answer": (
        "import numpy as np\nOLD = np.__version__ < '2'\nx = np.Inf if OLD else np.inf\n"
    ),
    "a condition on what is there": (
        "import numpy as np\nif hasattr(np, 'Inf'):\n    x = np.Inf\n"
    ),
    "asked for elsewhere": "import numpy as np\nok = hasattr(np, 'Inf')\nx = np.Inf\n",
    "put back by hand": "import numpy as np\nnp.int = int\nx = np.int(3)\n",
    "put back by setattr": "import numpy as np\nsetattr(np, 'int', int)\nx = np.int(3)\n",
    "for checkers of types only": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from collections import Mapping\n"
    ),
    "the same method of another class": (
        "class M(Base):\n    def training_epoch_end(self, outputs): ...\n"
    ),
    "a method of a table's values": (
        "import pandas as pd\nd = pd.DataFrame()\nd = d.values.tolist()\nd.append(1)\n"
    ),
    "a list": "d = []\nd.append(1)\n",
    "a value that is fine": 'import pytorch_lightning as pl\npl.Trainer(accelerator="gpu")\n',
    "a value that is not known": "import pytorch_lightning as pl\npl.Trainer(accelerator=a)\n",
    "the old interface of TensorFlow 2": "import tensorflow.compat.v1 as tf\ntf.Session()\n",
    "an argument given by its place": 'import torchmetrics\ntorchmetrics.Accuracy("binary")\n',
    "a relative import": "from .numpy import Inf\n",
    "a string": "import numpy\n'numpy.Inf'\n",
    "a chain without an end": "import numpy as np\nx = np" + ".a" * 3000 + "\n",
    "a star": "from numpy import *\nInf\n",
}


@pytest.mark.parametrize(("text", "what", "line", "column"), USED.values(), ids=USED)
def test_what_was_removed_is_found(text: str, what: str, line: int, column: int) -> None:
    assert (what, line, column) in found(text)


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_nothing_is_said_where_it_is_not_certain(text: str) -> None:
    assert found(text) == []


def test_the_mark_covers_what_is_meant() -> None:
    (use,) = read("t.py", "import numpy as np\nx = [np.Inf]\n", catalogue()).uses
    place = use.place
    assert place.excerpt[place.column - 1 : place.end_column - 1] == "np.Inf"


@pytest.mark.parametrize(
    "row", catalogue().rows, ids=lambda row: f"{row.name} {row.part}{''.join(row.values)}"
)
def test_every_row_finds_its_own_use(row: Removal) -> None:
    text, twin = snippet(row)
    assert any(use.removal == row for use in read("t.py", text, catalogue()).uses), text
    assert all(use.removal != row for use in read("t.py", twin, catalogue()).uses), twin


def snippet(row: Removal) -> tuple[str, str]:
    """A use of what a row is about, and the nearest thing to it that is none."""
    module, _, name = row.name.rpartition(".")
    if module.endswith((".Trainer", ".LightningDataModule")):
        return f"import {module.partition('.')[0]}\n{row.name}()\n", f"{row.name}()\n"
    head = f"from {module} import {name}\n" if module else f"import {name}\n"
    if row.kind == "name":
        return head, head.replace(name, name + "_") if module else "import nothing\n"
    other = "from elsewhere import " + name + "\n"
    if row.kind == "keyword":
        value = row.values[0] if row.values else "1"
        return f"{head}{name}({row.part}={value})\n", f"{head}{name}({row.part}_={value})\n"
    if row.kind == "missing":
        call = f"{name}({', '.join('ab'[: int(row.values[0])])})\n"
        return head + call, head + call.replace("(", "(task='binary', ").replace(", )", ")")
    argument = row.values[0] if row.values else "x"
    text = {
        "method": f"class M({name}):\n    def {row.part}(self, x): ...\n",
        "argument": f"class M({name}):\n    def {row.part}(self, {argument}): ...\n",
        "member": f"a = {name}()\na.{row.part}\n",
        "member-keyword": f"a = {name}()\na.{row.part}({argument}=1)\n",
    }[row.kind]
    return head + text, other + text


def test_a_script_that_cannot_be_parsed_has_a_place() -> None:
    unreadable = read("old.py", "x = 1\nprint 'hello'\n", catalogue()).unreadable
    assert unreadable is not None
    assert (unreadable.place.line, unreadable.place.column) == (2, 1)
    assert unreadable.place.excerpt == "print 'hello'"


def test_a_script_that_is_too_long_is_left_alone() -> None:
    text = "import numpy as np\nnp.Inf\n"
    assert written(text + "#" * (LIMIT - len(text))) == ["np.Inf"]
    assert written(text + "#" * (LIMIT - len(text) + 1)) == []


@pytest.mark.parametrize(
    "text",
    ["(" * 3000, "-" * 5000 + "1", "+".join("1" * 5000), "f" + "()" * 3000, "\0", "'\\d'", "if"],
    ids=["brackets", "signs", "terms", "calls", "null", "escapes", "unfinished"],
)
def test_odd_scripts_are_read_without_a_fault(text: str) -> None:
    assert written(f"import numpy\nx = {text}\n") == []


@given(st.text())
def test_any_text_is_read_without_a_fault(text: str) -> None:
    read("t.py", text, catalogue())


TOKENS = st.sampled_from(
    ["import numpy as np\n", "np", ".", "Inf", "(", ")", "x", " = ", "\n", "    ",
     "class A(np.B):\n", "def f(np):\n", "if ", "try:\n", "except:\n", "global np\n", "gpus=1",
     ", ", "*", "lambda: ",
     "from numpy import Inf as np\n", "'é😀'", ":", "del np\n", "np.int = 3\n", "match x:\n"]
)  # fmt: skip


@given(st.lists(TOKENS, max_size=30).map("".join))
def test_any_row_of_tokens_is_read_without_a_fault(text: str) -> None:
    for use in read("t.py", text, catalogue()).uses:
        assert 0 < use.place.column < use.place.end_column
