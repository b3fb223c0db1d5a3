"""0.0.7 to 0.9.2: deps, env and setup."""

from __future__ import annotations

from runner.spec.workflow import GpuRequest, Ports
from tests.compatibility.needs import deps
from tests.compatibility.places import ANY, BASH, CODE, DOCKER, FILES, LAB, NOTEBOOK, PYTHON
from tests.compatibility.row import NoEffect, Read, Refused, Row

MORE = "workflows:\n  - name: b\n    provider: bash\n    commands: [make]\n"
MAKE = ("provider: bash", "commands: [make]")

COMMON = (
    Row(ANY, "name", "name: train", Read("name", "train"), "What `wf run` calls it."),
    Row(ANY, "help", "help: Train it", Read("help", "Train it"), "A line for `wf ls`."),
    Row(
        ANY,
        "provider",
        "provider: bash",
        Read("provider", "bash"),
        "`bash`, `code`, `docker`, `lab` and `notebook`; those of the hosted service too.",
    ),
    Row(
        ANY,
        "provider",
        "provider:",
        Refused("`provider` is missing"),
        "0.1 to 0.9.2 found nothing wrong with it, and then failed; only an `image` can do "
        "without.",
        form="provider: (none)",
    ),
    Row(
        PYTHON,
        "provider",
        "provider: _python",
        Refused("unknown provider `_python`"),
        "dstack's own, for its tests; `python` is proposed.",
        form="provider: _python",
    ),
    Row(
        ANY,
        "provider",
        "provider: ssh",
        Refused("unknown provider `ssh`"),
        "0.10. It opened a door to the machine that the job runs on, which is this one.",
        form="provider: ssh",
    ),
    Row(
        ANY,
        "python",
        "python: 3.10",
        Read("environment.python", "3.10"),
        "The Python of the environment. `wf`'s own where none is named; then it was 3.10 in 0.0.7, "
        "and later that of the command line, as it is here.",
    ),
    Row(
        ANY,
        "python",
        "python: 3",
        Refused("a Python version is wanted here"),
        "0.1 to 0.9.2 found nothing wrong with it, and then failed.",
        form="python: 3",
    ),
    Row(
        ANY,
        "requirements",
        "requirements: requirements.txt",
        Read("environment.requirements", "requirements.txt"),
        "Until 0.0.14. Installed into the job's environment before it starts.",
    ),
    Row(
        ANY,
        "env",
        "env: [SEED=010, DEBUG, 'OPTS=a=b c']",
        Read("variables", (("SEED", "010"), ("DEBUG", ""), ("OPTS", "a=b c"))),
        "Variables of the job. `NAME` alone is an empty value.",
        form="env: [K=V, K]",
    ),
    Row(
        BASH,
        "env",
        "env: ['PATH=/opt/bin:$PATH', 'WHERE=$HOME/a b', SEED=1]",
        Read("expanded", ("PATH", "WHERE")),
        "0.0.12 to 0.9.2: `$NAME` and `${NAME}` stand for other variables of the job. Nothing else "
        "in a value is the shell's.",
        form="env: [K=…$NAME]",
    ),
    Row(
        DOCKER,
        "env",
        "env: ['PRICE=$NAME']",
        Read("expanded", ()),
        "As written: a container was given its variables without a shell.",
        form="env: [K=…$NAME]",
    ),
    Row(
        ANY,
        "env",
        "env: [A=1, A=2]",
        Refused("the variable `A` is set twice"),
        "The last one won without a word.",
        form="env: [K=V, K=W]",
    ),
    Row(
        ANY,
        "env",
        "env: {SEED: 010}",
        Read("variables", (("SEED", "010"),)),
        "A mapping is read too.",
        form="env: {K: V}",
    ),
    Row(
        ANY,
        "artifacts",
        "artifacts: [data]",
        Read("artifacts[].path", ("data",)),
        "Until 0.0.14. Kept when the job has ended, however it ended. Of a failed job dstack kept "
        "none.",
        form="artifacts: [PATH]",
    ),
    Row(
        ANY,
        "artifacts.path",
        "artifacts: [{path: ./data}]",
        Read("artifacts[].path", ("data",)),
        "The same; from 0.1 the only spelling.",
    ),
    Row(
        ANY,
        "artifacts.mount",
        "artifacts: [{path: data, mount: true}]",
        Read("artifacts[].path", ("data",)),
        "Makes no difference: the files lie on this machine either way, as in dstack's local runs.",
    ),
    Row(
        ANY,
        "artifacts",
        "artifacts: [/opt/conda]",
        Refused("`/opt/conda` is an absolute path"),
        "Read by 0.0.12 to 0.9.2 in a container; a job on this machine keeps what lies below its "
        "working directory.",
        form="artifacts: [/PATH]",
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
        "Until 0.0.14. Commands of the job's own shell, before what the provider starts.",
    ),
    Row(
        ANY,
        "setup",
        "setup: [export A=1]",
        Read("before", ("export A=1",)),
        "From 0.1: the same. `bash` and `docker` had it in 0.1 and 0.2 only.",
    ),
    Row(
        ANY,
        "setup",
        "setup: |\n  export A=1\n  export B=2",
        Read("before", ("export A=1", "export B=2")),
        "A text stands for the list of its lines.",
        form="setup: (text)",
    ),
    Row(
        ANY,
        "ports",
        "ports: 2",
        Read("ports", Ports(free=2)),
        "Until 0.9.1: so many free ports, as `$PORT_0`, `$PORT_1`.",
        form="ports: 2",
    ),
    Row(
        ANY,
        "ports",
        "ports: [8080, 3000:7860]",
        Read("ports", Ports((8080, 3000))),
        "0.9.2: the ports the job listens on; of `container:local` the first.",
        form="ports: [8080, 3000:7860]",
    ),
    Row(
        ANY,
        "cache",
        "cache: [~/.cache/pip]",
        NoEffect("cache"),
        "From 0.7. Environments are shared between runs, and each run starts with the project's "
        "files.",
    ),
    Row(
        ANY,
        "cache.path",
        "cache: [{path: data}]",
        NoEffect("cache"),
        "The same.",
    ),
    Row(ANY, "ssh", "ssh: true", NoEffect("ssh"), "From 0.2.6. The job runs on this machine."),
    Row(
        ANY,
        "prebuild",
        "prebuild: lazy",
        NoEffect("prebuild"),
        "0.10. Environments are built when they are first needed.",
    ),
    Row(
        BASH,
        "unknown keys",
        "image: ubuntu",
        Refused("unknown key `image`"),
        "0.0.7 to 0.0.14 took no notice of what the provider had not; later it was a mistake.",
        form="any other key",
    ),
)

RESOURCES = (
    Row(
        ANY,
        "resources",
        "resources: {memory: 1GB}",
        Read("resources.cpu", None),
        "Without `cpu` a job shares all cores; dstack took its smallest machine, from 0.2 one with "
        "2 cores and 8GB.",
    ),
    Row(
        ANY,
        "resources.cpu",
        "resources: {cpu: 2}",
        Read("resources.cpu", 2),
        "So many cores for this job alone. dstack's own local runs enforced nothing.",
    ),
    Row(
        ANY,
        "resources.memory",
        "resources: {memory: 16GB}",
        Read("resources.memory", 16 * 10**9),
        "The machine must have so much; counted in 1000.",
    ),
    Row(
        ANY,
        "resources.memory",
        "resources: {memory: 16GiB}",
        Read("resources.memory", 16 * 2**30),
        "Counted in 1024. Until 0.0.14.",
        form="resources.memory: 16GiB",
    ),
    Row(
        ANY,
        "resources.memory",
        "resources: {memory: 16}",
        Refused("an amount of memory with its unit is wanted here"),
        "A unit was wanted in all versions.",
        form="resources.memory: 16",
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
        "resources: {gpu: 0}",
        Read("resources.gpu", None),
        "No GPU, as until 0.0.14; later it was a mistake.",
        form="resources.gpu: 0",
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
        "A word of the name that the driver gives, in any case; without a count one.",
    ),
    Row(
        ANY,
        "resources.gpu.memory",
        "resources: {gpu: {memory: 16GB}}",
        Read("resources.gpu", GpuRequest(1, None, 16 * 10**9)),
        "The least memory of each. Until 0.2.1 dstack took no notice of it.",
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
        "resources.local",
        "resources: {local: true}",
        NoEffect("local"),
        "From 0.0.10. Every job runs on this machine.",
    ),
    Row(
        ANY,
        "resources.remote",
        "resources: {remote: true}",
        NoEffect("remote"),
        "0.1 told of it and refused it. Every job runs on this machine.",
    ),
)

PROVIDERS = (
    Row(
        BASH,
        "commands",
        "commands: [cd src, make]",
        Read("launch.commands", ("cd src", "make")),
        "The commands of one bash; the first that fails ends the job.",
    ),
    Row(
        BASH,
        "commands",
        "commands: |\n  cd src\n  make",
        Read("launch.commands", ("cd src", "make")),
        "From 0.1: a text stands for the list of its lines.",
        form="commands: (text)",
    ),
    Row(
        BASH,
        "commands",
        "commands: [python serve.py &, make]",
        Read("launch.commands", ("python serve.py &", "make")),
        "In the background. Until 0.2.0 it was a syntax error.",
        form="commands: [… &]",
    ),
    Row(
        DOCKER,
        "image",
        "image: dstackai/miniforge:py3.10-0.1",
        Read("environment.python", "3.10", "is read as Python 3.10"),
        "An image of a bare Python, or one that dstack chose itself, is read as that Python on "
        "this machine.",
        form="image: python:3.9",
    ),
    Row(
        DOCKER,
        "image",
        "image: ubuntu",
        Read("container.image", "ubuntu"),
        "Any other image needs a container, which `wf` does not start yet: exit 69, or "
        "`--executor local`.",
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
        "entrypoint",
        "entrypoint: /bin/sh -c",
        NoEffect("entrypoint"),
        "From 0.2.1. Without a container, the commands are those of bash.",
    ),
    Row(
        DOCKER,
        "registry_auth",
        "registry_auth: {username: me, password: x}",
        NoEffect("registry_auth"),
        "From 0.2.1. No image is fetched.",
    ),
    Row(
        DOCKER,
        "registry_auth.username",
        "registry_auth: {password: x}",
        Refused("`username` is missing"),
        "Wanted.",
        form="registry_auth.username: (none)",
    ),
    Row(
        DOCKER,
        "registry_auth.password",
        "registry_auth: {username: me}",
        Refused("`password` is missing"),
        "Wanted.",
        form="registry_auth.password: (none)",
    ),
    Row(
        DOCKER,
        "home_dir",
        "home_dir: /root",
        NoEffect("home_dir"),
        "From 0.9.1. A job without a container has the home folder of whoever runs it.",
    ),
    Row(
        CODE,
        "version",
        "version: 1.74.3",
        Read("launch.commands[1]", "wanted=1.74.3"),
        "The version of openvscode-server, where no editor is installed here.",
    ),
    Row(
        LAB,
        "version",
        "version: 3.5.0",
        Read("environment.packages", ("jupyterlab==3.5.0",)),
        "Until 0.0.14. The version of JupyterLab.",
    ),
    Row(
        NOTEBOOK,
        "version",
        "version: 6.5.2",
        Read("environment.packages", ("notebook==6.5.2",)),
        "Until 0.0.14. The version of Jupyter Notebook.",
    ),
)

FILE = (
    Row(
        FILES,
        ".dstack/workflows/*.yaml",
        "help: the first",
        Read("file", ".dstack/workflows.yaml"),
        "From 0.0.14: further lists, read with the first, `.yml` too.",
        files={".dstack/workflows/more.yml": MORE},
    ),
    Row(
        FILES,
        ".dstack/workflows/*.yaml",
        "name: b",
        Refused("the workflow `b` is already defined in .dstack/workflows.yaml:"),
        "From 0.9.2; before, the first of two names won.",
        form="a name in two files",
        files={".dstack/workflows/more.yaml": MORE},
    ),
    Row(
        FILES,
        "${{ run.name }}",
        "artifacts: ['out/${{ run.name }}']",
        Read("artifacts[].path", ("out/${{run.name}}",)),
        "From 0.2.1: the run's name. In commands a reference to a variable of the shell's.",
    ),
    Row(
        BASH,
        "${{ run.args }}",
        "commands: ['python train.py ${{ run.args }}']",
        Read("launch.takes_args", True),  # noqa: FBT003 - what the attribute is
        "From 0.2.1: the words behind `--`. Each is a word of its own; dstack joined them.",
    ),
    Row(
        BASH,
        "${{ secrets.NAME }}",
        "env: ['KEY=${{ secrets.KEY }}']",
        Read("variables", (("KEY", "${{ secrets.KEY }}"),)),
        "[A secret](../how-to/secrets.md), put in when the job starts. As in dstack, a job has all "
        "secrets as variables.",
    ),
    Row(
        BASH,
        "${{ absent }}",
        "commands: ['echo ${{ absent }}']",
        Refused("there is no variable `absent`"),
        "From 0.2.1 unknown names vanished without a word; here they are a mistake.",
        form="${{ other }}",
    ),
    Row(
        BASH,
        "$$",
        "commands: ['echo $$']",
        Read("launch.commands", ("echo $$",)),
        "The shell's process number. From 0.2.1 dstack made one `$` of it, which was a fault.",
    ),
    Row(
        BASH,
        "{% … %}",
        "commands: ['echo {% x %} {# y #}']",
        Read("launch.commands", ("echo {% x %} {# y #}",)),
        "Text. 0.0.14 to 0.2.0 ran it as a template, which was a fault.",
    ),
)

ROWS = (*COMMON, *deps(ANY), *RESOURCES, *PROVIDERS, *FILE)
