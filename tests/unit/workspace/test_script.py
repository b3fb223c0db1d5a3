"""What is told from the text of a Python file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.workspace.script import Facts, facts


def told(text: str) -> Facts:
    """The facts of a file that can be read."""
    found = facts(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        ('torch.save(net, "model/last.pt")', ("model",)),
        ('torch.save(net, "model.pt")', ("model.pt",)),
        ('torch.save(net, f"out/{n}.pt")', ("out",)),
        ('torch.save(net, f"{n}.pt")', ()),
        ('OUT = Path("out")\ntorch.save(net, OUT / "a" / name)', ("out",)),
        ('torch.save(net, os.path.join("out", name))', ("out",)),
        ('torch.save(net, "out/" + name)', ("out",)),
        ('Path("out").mkdir(exist_ok=True)', ("out",)),
        ('(Path("out") / "a.txt").write_text("hello")', ("out",)),
        ('os.makedirs("./out")', ("out",)),
        ('net.save_pretrained("out/best")', ("out",)),
        ('open("metrics.csv", "w")', ("metrics.csv",)),
        ('open("metrics.csv", mode="a")', ()),
        ('Path("metrics.csv").open("w")', ("metrics.csv",)),
        ('open("data.csv")', ()),
        ('open("data.csv", "rb")', ()),
        ('parser.add_argument("--output-dir", default="out")', ("out",)),
        ('parser.add_argument("--results", default=Path("out"))', ("out",)),
        ('parser.add_argument("--model", default="resnet18")', ()),
        ('parser.add_argument("--data", default=Path("data"))', ()),
        ('ModelCheckpoint(dirpath="ckpt")', ("ckpt",)),
        ("from lightning import Trainer\nTrainer(max_epochs=1)", ("lightning_logs",)),
        ("import pytorch_lightning as pl\npl.Trainer()", ("lightning_logs",)),
        ("from lightning import Trainer\nTrainer(logger=False)", ()),
        ('from lightning import Trainer\nTrainer(default_root_dir="out")', ("out",)),
        ("from transformers import Trainer\nTrainer(net)", ()),
        ('np.save("/tmp/a.npy", a)', ()),
        ('np.save("../a.npy", a)', ()),
        ('np.save("~/a.npy", a)', ()),
        ('fs.save("s3://bucket/a")', ()),
        ("a = a\nnp.save(a, b)", ()),
    ],
)
def test_what_a_script_writes(text: str, outputs: tuple[str, ...]) -> None:
    assert told(text).outputs == outputs


@pytest.mark.parametrize(
    ("text", "uses", "needs"),
    [
        ("net.cuda()", True, False),
        ('net.to("cuda:0")', True, False),
        ("torch.cuda.is_available()", True, False),
        ('Trainer(accelerator="auto")', True, False),
        ("Trainer(devices=n)", True, False),
        ('Trainer(accelerator="gpu")', True, True),
        ('"""Runs on a cuda device or not."""', False, False),
        ("Trainer(max_epochs=1)", False, False),
    ],
)
def test_whether_a_script_uses_gpus(text: str, *, uses: bool, needs: bool) -> None:
    found = told(text)
    assert (found.uses_gpu, found.needs_gpu) == (uses, needs)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ('parser.add_argument("-e", "--epochs", type=int)', ("--epochs",)),
        ('add = parser.add_argument\nadd("--lr", default=1)', ("--lr",)),
        ('@click.option("--lr/--no-lr")\ndef main(lr): pass', ("--lr",)),
        ('parser.add_argument("path")', ()),
        ('subprocess.run("--lr")', ()),
    ],
)
def test_the_options_a_script_takes(text: str, options: tuple[str, ...]) -> None:
    assert told(text).options == options


@pytest.mark.parametrize(
    ("text", "guarded", "acts"),
    [
        ('if __name__ == "__main__":\n    main()', True, True),
        ("main()", False, True),
        ("for a in b: pass", False, True),
        ("def main(): pass\nA = f()", False, False),
    ],
)
def test_whether_a_file_does_something(text: str, *, guarded: bool, acts: bool) -> None:
    found = told(text)
    assert (found.guarded, found.acts) == (guarded, acts)


def test_imports_are_dotted_names() -> None:
    text = "import a.b, c\nfrom d.e import f\nfrom . import g\nfrom ..h import i"
    assert told(text).imports == ("a.b", "c", "d.e", "d.e.f", ".", ".g", "..h", "..h.i")


@pytest.mark.parametrize("text", ["print 'Python 2'", "a\0b", "(" * 10_000, "def"])
def test_what_is_no_python_is_left_alone(text: str) -> None:
    assert facts(text) is None


@given(st.text())
def test_no_text_is_a_bug(text: str) -> None:
    facts(text)
