"""2022-03 to 2022-07: providers, depends-on and environment."""

from __future__ import annotations

from runner.spec.workflow import GpuRequest, Ports, PythonScript, TorchrunScript
from tests.compatibility.needs import depends_on
from tests.compatibility.places import (
    ANY,
    BASH,
    CODE,
    CURL,
    DOCKER,
    FASTAPI,
    FILES,
    GRADIO,
    LAB,
    NOTEBOOK,
    PYTHON,
    STREAMLIT,
    TENSORBOARD,
    TORCHRUN,
)
from tests.compatibility.row import Holds, NoEffect, Read, Refused, Row

SCRIPT = PythonScript("train.py")
VERSIONED = "is read as `provider: python` with `version: 3.9`"
GPU = {".dstack/variables.yaml": "variables:\n  a:\n    gpu: 1\n    none: 0\n"}
OWN = "providers:\n  - name: mine\n    image: me/mine:2\n    commands: [python3 main.py]\n"

PROVIDER = (
    Row(
        ANY,
        "provider",
        "provider: torchrun\nscript: a.py\ncommands:",
        Read("provider", "torchrun"),
        "`python`, `torchrun`, `bash`, `docker`, `code`, `lab`, `notebook`, `streamlit`, `gradio`, "
        "`fastapi`, `tensorboard` and `curl`.",
    ),
    Row(
        PYTHON,
        "provider",
        "provider: python@main",
        Read("launch", SCRIPT, "`@main` has no effect"),
        "From June: a branch of the provider. `wf` has one version of each, and tells.",
        form="provider: python@main",
    ),
    Row(
        PYTHON,
        "provider",
        "provider: {name: python}",
        Read("launch", SCRIPT),
        "The same as `provider: python`.",
        form="provider: {name: python}",
    ),
    Row(
        PYTHON,
        "provider",
        "provider: {repo: https://github.com/dstackai/dstack, name: python}",
        Read("launch", SCRIPT, "`repo` has no effect"),
        "dstack's own providers are built in.",
        form="provider: {repo: …, name: python}",
    ),
    Row(
        PYTHON,
        "provider",
        "provider: {repo: https://github.com/me/mine, name: mine}",
        Refused("the provider `mine` lies in another repository"),
        "It made its jobs through the hosted service, which is gone.",
        form="provider: {repo: OTHER, name: …}",
    ),
    *(
        Row(
            PYTHON,
            "provider",
            f'provider: "{spelled}"',
            Read("environment.python", "3.9", VERSIONED),
            "Never supported, but seen; read as `provider: python` with `version: 3.9`, and told.",
            form=f"provider: {spelled}",
        )
        for spelled in ("python3.9", "python:3.9", "python/3.9", "python==3.9", "python - 3.9")
    ),
    Row(
        PYTHON,
        "provider",
        "provider: [python]",
        Read("launch", SCRIPT, "a list is read as `provider: python`"),
        "Never supported, but seen; told.",
        form="provider: [python]",
    ),
    Row(
        PYTHON,
        "provider",
        "provider: python train.py",
        Refused("a provider is one word"),
        "Never supported: words for a script stand below `args`.",
        form="provider: python WORDS",
    ),
    Row(
        PYTHON,
        "provider",
        "provider: mine",
        Refused("`mine` is this project's own provider"),
        "Such providers made their jobs through the hosted service, which is gone.",
        form=".dstack/providers.yaml: providers",
        files={".dstack/providers.yaml": OWN},
    ),
)

COMMON = (
    Row(ANY, "name", "name: train", Read("name", "train"), "What `wf run` calls it."),
    Row(ANY, "help", "help: Train it", Read("help", "Train it"), "A line for `wf ls`."),
    Row(
        ANY,
        "python",
        "python: 3.10",
        Read("environment.python", "3.10"),
        "The Python of the environment. `wf`'s own where none is named; then it was 3.10.",
    ),
    Row(
        ANY,
        "requirements",
        "requirements: requirements.txt",
        Read("environment.requirements", "requirements.txt"),
        "Installed into the job's environment before it starts, and shared between runs.",
    ),
    Row(
        ANY,
        "environment",
        "environment: {SEED: 010, DEBUG: yes, EMPTY: }",
        Read("variables", (("SEED", "010"), ("DEBUG", "yes"), ("EMPTY", ""))),
        "Variables of the job, with their values as written.",
    ),
    Row(
        ANY,
        "environment",
        "environment: [SEED=1]",
        Read("variables", (("SEED", "1"),)),
        "A list of `NAME=value` is read too.",
        form="environment: [K=V]",
    ),
    Row(
        ANY,
        "artifacts",
        "artifacts: [data, model]",
        Read("artifacts[].path", ("data", "model")),
        "Kept when the job has ended, however it ended. Of a failed job dstack kept none.",
    ),
    Row(
        ANY,
        "working_dir",
        "working_dir: src",
        Read("working_dir", "src"),
        "Where the job starts, and its paths are read from.",
    ),
    Row(
        ANY,
        "before_run",
        "before_run: [export A=1]",
        Read("before", ("export A=1",)),
        "From July: commands of the job's own shell, before what the provider starts.",
    ),
    Row(
        ANY,
        "ports",
        "ports: 2",
        Read("ports", Ports(free=2)),
        "From June: so many free ports, as `$PORT_0`, `$PORT_1`.",
        form="ports: 2",
    ),
    Row(
        ANY,
        "ports",
        "ports: [8080, 3000]",
        Read("ports", Ports((8080, 3000))),
        "May: the ports the job listens on.",
        form="ports: [8080]",
    ),
)

NEEDS = depends_on(ANY, "", "Until 2022-06. ")

RESOURCES = (
    Row(
        ANY,
        "resources",
        "gpu: 1",
        Refused("unknown key `gpu`"),
        "It belongs below `resources`, which is said.",
        form="gpu beside resources",
    ),
    Row(
        ANY,
        "resources",
        "resources:",
        Read("resources.cpu", None),
        "An empty key is no key.",
        form="resources: (empty)",
    ),
    Row(
        ANY,
        "resources.cpu",
        "resources: {cpu: 2}",
        Read("resources.cpu", 2),
        "So many cores for this job alone.",
    ),
    Row(
        ANY,
        "resources.cpu",
        "resources: {cpu: {count: 2}}",
        Read("resources.cpu", 2),
        "The same. Until June.",
        form="resources.cpu: {count: 2}",
    ),
    Row(
        ANY,
        "resources.memory",
        "resources: {memory: 16GB}",
        Read("resources.memory", 16 * 10**9),
        "The machine must have so much; counted in 1000, and `16GiB` in 1024.",
    ),
    Row(
        ANY,
        "resources.gpu",
        "resources: {gpu: 1}",
        Read("resources.gpu", GpuRequest(1)),
        "So many GPUs for this job alone.",
    ),
    Row(
        ANY,
        "resources.gpu",
        "resources: {gpu: '${{ gpu }}'}",
        Read("resources.gpu", GpuRequest(1)),
        "The variable's value, as a number.",
        form="resources.gpu: ${{ gpu }}",
        files=GPU,
    ),
    Row(
        ANY,
        "resources.gpu",
        "resources: {gpu: '${{ none }}'}",
        Read("resources.gpu", None),
        "0 is no GPU.",
        form="resources.gpu: 0",
        files=GPU,
    ),
    Row(
        ANY,
        "resources.gpu.count",
        "resources: {gpu: {count: 2}}",
        Read("resources.gpu", GpuRequest(2)),
        "How many.",
    ),
    Row(
        ANY,
        "resources.gpu.name",
        "resources: {gpu: {name: V100}}",
        Read("resources.gpu", GpuRequest(1, "V100")),
        "A word of the name that the driver gives. The hosted service took no notice of it until "
        "the end of July.",
    ),
    Row(
        ANY,
        "resources.gpu.memory",
        "resources: {gpu: {memory: 16GB}}",
        Read("resources.gpu", GpuRequest(1, None, 16 * 10**9)),
        "The least memory of each. The hosted service took no notice of it.",
    ),
    Row(
        ANY,
        "resources.gpu",
        "resources: {v100/gpu: 1}",
        Read("resources.gpu", GpuRequest(1, "v100")),
        "The same as `gpu: {name: v100, count: 1}`. Until June.",
        form="resources.v100/gpu",
    ),
    Row(
        ANY,
        "resources.shm_size",
        "resources: {shm_size: 8GB}",
        Read("resources.shm_size", 8 * 10**9),
        "The machine's `/dev/shm` must be so large.",
    ),
    Row(
        ANY,
        "resources.interruptible",
        "resources: {interruptible: true}",
        Read("interruptible", True),  # noqa: FBT003 - the value that is read
        "The job is given notice (SIGUSR1) ahead of its end. This machine has no spot instances.",
    ),
    Row(
        ANY,
        "resources.nodes",
        "resources: {nodes: 2}",
        NoEffect("nodes"),
        "Never read by dstack, but seen; `nodes` belongs beside `provider: torchrun`.",
    ),
    Row(
        ANY,
        "resources",
        "resources: {GPU: 1}",
        Refused("unknown key `GPU`"),
        "Keys are written in small letters, which is said.",
        form="resources.GPU",
    ),
)

SCRIPTS = (
    *(
        Row(
            place,
            key,
            f"{key}: src/train.py\nscript:" if key != "script" else "script: src/train.py",
            Read("launch.script", "src/train.py"),
            f"The script. {when}",
        )
        for place in (PYTHON, TORCHRUN)
        for key, when in (
            ("script", "May to July."),
            ("file", "From 2022-06-24."),
            ("python_script", "Until 2022-05-02."),
        )
    ),
    *(
        Row(
            place,
            "args",
            "args: --epochs 3 'a b'",
            Read("launch.args", ("--epochs", "3", "a b")),
            "Words for the script, split as a shell does it.",
        )
        for place in (PYTHON, TORCHRUN)
    ),
    Row(
        PYTHON,
        "args",
        "args: [--epochs, 3, a b]",
        Read("launch.args", ("--epochs", "3", "a b")),
        "From 2022-06-07: a word an item. dstack joined them with commas, which was a fault.",
        form="args: [WORD, …]",
    ),
    *(
        Row(
            place,
            "version",
            "version: 3.9",
            Read("environment.python", "3.9"),
            "Another spelling of `python`.",
        )
        for place in (PYTHON, TORCHRUN, BASH)
    ),
    Row(
        PYTHON,
        "python_script",
        "python_script: train.py",
        Read("launch", SCRIPT, "`python_script` says the same as `script`"),
        "Seen for a while; told, and refused where the two differ.",
        form="python_script beside script",
    ),
    *(
        Row(
            place,
            "version",
            "python: 3.9\nversion: 3.10",
            Refused("`version` says the same as `python`"),
            "Only one of two spellings may be written, unless both say the same.",
            form="version beside python",
        )
        for place in (PYTHON, TORCHRUN, BASH)
    ),
    Row(
        TORCHRUN,
        "nodes",
        "nodes: 2",
        Read("nodes", 2),
        "So many groups of processes, each with the resources asked for, all on this machine.",
    ),
    Row(
        TORCHRUN,
        "resources",
        "working_dir: .",
        Read("launch", TorchrunScript("train.py")),
        "One process where no GPU is asked for; dstack failed without `resources`.",
        form="no resources",
    ),
)

COMMANDS = (
    Row(
        BASH,
        "commands",
        "commands: [cd src, make]",
        Read("launch.commands", ("cd src", "make")),
        "From 2022-07-15. The commands of one bash; the first that fails ends the job.",
    ),
    Row(
        DOCKER,
        "image",
        "image: python:3.9-slim",
        Read("environment.python", "3.9", "is read as Python 3.9"),
        "Runs in a container. Without Docker, an image of a bare Python is read as that Python on "
        "this machine.",
        form="image: python:3.9",
    ),
    Row(
        DOCKER,
        "image",
        "image: ubuntu",
        Read("container.image", "ubuntu"),
        "Any other image needs Docker, or `--executor local`.",
    ),
    Row(
        DOCKER,
        "commands",
        "commands: [make]",
        Read("launch.commands", ("make",)),
        "As for `bash`. Without them, those of the image, for which a container is needed.",
    ),
    Row(
        DOCKER,
        "version",
        "image: python:3.9\nversion: 3.10",
        Read("environment.python", "3.9", "is read as Python 3.9"),
        "Another spelling of `python`; an image of a Python overrules it.",
    ),
    Row(
        DOCKER,
        "image",
        "image_name: ubuntu",
        Refused("unknown key `image_name`"),
        "Never read by dstack, but seen; `image` is proposed.",
        form="image_name",
    ),
)

TOOLS = (
    Row(
        CODE,
        "version",
        "version: 1.67.2",
        Read("launch.commands[1]", "wanted=1.67.2"),
        "The version of openvscode-server, where no editor is installed here.",
    ),
    Row(
        LAB,
        "version",
        "version: 3.4.2",
        Read("environment.packages", ("jupyterlab==3.4.2",)),
        "The version of JupyterLab.",
    ),
    Row(
        NOTEBOOK,
        "version",
        "version: 6.4.12",
        Read("environment.packages", ("notebook==6.4.12",)),
        "The version of Jupyter Notebook.",
    ),
    Row(
        STREAMLIT,
        "target",
        "target: demo/app.py",
        Read("service.name", "Streamlit"),
        "The app's script, or its address.",
    ),
    Row(
        STREAMLIT,
        "args",
        "args: --theme dark",
        Holds("launch.commands[1]", "app.py --theme dark"),
        "Words for the app.",
    ),
    Row(
        STREAMLIT,
        "version",
        "version: 1.10.0",
        Read("environment.packages", ("streamlit==1.10.0",)),
        "The version of Streamlit.",
    ),
    Row(
        GRADIO,
        "file",
        "file: demo/app.py",
        Holds("launch.commands[1]", "python demo/app.py"),
        "The app's script.",
    ),
    Row(
        GRADIO,
        "args",
        "args: --theme dark",
        Holds("launch.commands[1]", "python app.py --theme dark"),
        "Words for the app.",
    ),
    Row(
        GRADIO,
        "version",
        "version: 3.0.26",
        Read("environment.packages", ("gradio==3.0.26",)),
        "The version of Gradio.",
    ),
    Row(
        FASTAPI,
        "app",
        "app: api:app",
        Holds("launch.commands[1]", " api:app"),
        "The app, for uvicorn.",
    ),
    Row(
        FASTAPI,
        "args",
        "args: --workers 2",
        Holds("launch.commands[1]", " main:app --workers 2"),
        "Words for uvicorn.",
    ),
    Row(
        FASTAPI,
        "version",
        "version: 0.79.0",
        Read("environment.packages", ("fastapi==0.79.0", "uvicorn")),
        "The version of FastAPI.",
    ),
    Row(
        FASTAPI,
        "uvicorn",
        "uvicorn: 0.18.2",
        NoEffect("uvicorn"),
        "The app is served by the newest uvicorn.",
    ),
    Row(
        TENSORBOARD,
        "logdir",
        "logdir: logs",
        Holds("launch.commands[1]", "--logdir logs"),
        "The folder that it shows.",
    ),
    Row(
        TENSORBOARD,
        "runs",
        "runs: [wet-mango-1]",
        NoEffect("runs"),
        "They were runs of the hosted service; name a folder with `logdir`.",
    ),
    Row(
        TENSORBOARD,
        "version",
        "version: 2.9.1",
        Read("environment.packages", ("tensorboard==2.9.1",)),
        "The version of TensorBoard.",
    ),
    Row(
        CURL,
        "url",
        "url: https://example.org/b",
        Holds("launch.commands[0]", "--url https://example.org/b"),
        "What to fetch.",
    ),
    Row(
        CURL,
        "output",
        "output: data/b.zip",
        Holds("launch.commands[0]", "--output data/b.zip"),
        "Where to put it.",
    ),
)

FILE = (
    Row(
        FILES,
        ".dstack/variables.yaml",
        "artifacts: ['out/${{ gpu }}']",
        Read("artifacts[].path", ("out/1",)),
        "`global` for all workflows, and a section for each. `--gpu 2` on the command line gives "
        "another value for one run. `_` in a flag "
        "stands for `-` too. In spring, flags of every section were accepted.",
        form=".dstack/variables.yaml: variables",
        files=GPU,
    ),
    Row(
        FILES,
        "${{ name }}",
        "artifacts: ['out/${{ absent }}']",
        Refused("there is no variable `absent`"),
        "A name that there is no variable for is a mistake.",
        form="${{ unknown }}",
        files=GPU,
    ),
    Row(
        PYTHON,
        "$variables_as_args",
        "args: $variables_as_args",
        Read("launch.args", ("--gpu", "1", "--none", "0")),
        "`--name value` for each variable.",
        form="args: $variables_as_args",
        files=GPU,
    ),
    Row(
        PYTHON,
        "${{ run.name }}",
        "artifacts: ['out/$run_name', 'model/${{ run_name }}']",
        Read("artifacts[].path", ("out/${{run.name}}", "model/${{run.name}}")),
        "The run's name.",
        form="$run_name",
    ),
)

ROWS = (*PROVIDER, *COMMON, *NEEDS, *RESOURCES, *SCRIPTS, *COMMANDS, *TOOLS, *FILE)
