"""2021-05 to 2022-03: an image and commands."""

from __future__ import annotations

from runner.spec.workflow import GpuRequest
from tests.compatibility.needs import depends_on
from tests.compatibility.places import FILES, IMAGE
from tests.compatibility.row import NotLookedAt, Read, Refused, Row

VARIABLES = ".dstack/variables.yaml"
LR = {VARIABLES: "variables:\n  global:\n    lr: 2e-5\n  a:\n    gpus: 1\n"}

ROWS = (
    Row(IMAGE, "name", "name: train", Read("name", "train"), "What `wf run` calls it."),
    Row(
        IMAGE,
        "image",
        "image: python:3.9-slim",
        Read("environment.python", "3.9", "is read as Python 3.9"),
        "Runs in a container. Without Docker, an image of a bare Python is read as that Python on "
        "this machine.",
        form="image: python:3.9",
    ),
    Row(
        IMAGE,
        "image",
        "image: tensorflow/tensorflow:2.4.1-gpu",
        Read("container.image", "tensorflow/tensorflow:2.4.1-gpu"),
        "Any other image needs Docker, or `--executor local`: `wf run` exits with 69 without.",
    ),
    Row(
        IMAGE,
        "commands",
        "commands:\n  - cd src\n  - make",
        Read("launch.commands", ("cd src", "make")),
        "The commands of one bash; the first that fails ends the job.",
    ),
    Row(
        IMAGE,
        "artifacts",
        "artifacts: [data, ./model/]",
        Read("artifacts[].path", ("data", "model")),
        "Kept when the job has ended, however it ended.",
    ),
    Row(
        IMAGE,
        "artifacts",
        "artifacts: [checkpoint/$run_name]",
        Read("artifacts[].path", ("checkpoint/${{run.name}}",)),
        "The run's name is put in when the run has one. Each workflow is a run of its own "
        "here; then a workflow and all it depended on were one run, with one name.",
        form="artifacts: [checkpoint/$run_name]",
    ),
    Row(
        IMAGE,
        "artifacts",
        "artifacts: [checkpoint/$job_id, log/$job_name]",
        Read("artifacts[].path", ("checkpoint/${{run.name}}", "log/${{run.name}}")),
        "Names of a job, which no other had. The run's name serves, as `wf` keeps the artifacts of "
        "each job apart.",
        form="artifacts: [checkpoint/$job_id]",
    ),
    Row(
        IMAGE,
        "resources.cpu",
        "resources: {cpu: 2}",
        Read("resources.cpu", 2),
        "So many cores for this job alone.",
    ),
    Row(
        IMAGE,
        "resources.cpu",
        "resources: {cpu: {count: 2}}",
        Read("resources.cpu", 2),
        "The same.",
        form="resources.cpu: {count: 2}",
    ),
    Row(
        IMAGE,
        "resources.memory",
        "resources: {memory: 16GB}",
        Read("resources.memory", 16 * 10**9),
        "The machine must have so much; counted in 1000, and `16GiB` in 1024.",
    ),
    Row(
        IMAGE,
        "resources.gpu",
        "resources: {gpu: 2}",
        Read("resources.gpu", GpuRequest(2)),
        "So many GPUs for this job alone.",
    ),
    Row(
        IMAGE,
        "resources.gpu.count",
        "resources: {gpu: {count: 2, name: V100, memory: 16GB}}",
        Read("resources.gpu", GpuRequest(2, "V100", 16 * 10**9)),
        "How many; 1 where only a name or an amount of memory is given.",
    ),
    Row(
        IMAGE,
        "resources.gpu.name",
        "resources: {gpu: {name: V100}}",
        Read("resources.gpu", GpuRequest(1, "V100")),
        "A word of the name that the driver gives. The hosted service took no notice of it.",
    ),
    Row(
        IMAGE,
        "resources.gpu.memory",
        "resources: {gpu: {memory: 16GB}}",
        Read("resources.gpu", GpuRequest(1, None, 16 * 10**9)),
        "The least memory of each. The hosted service took no notice of it.",
    ),
    Row(
        IMAGE,
        "resources.gpu",
        "resources: {v100/gpu: 2}",
        Read("resources.gpu", GpuRequest(2, "v100")),
        "The same as `gpu: {name: v100, count: 2}`.",
        form="resources.v100/gpu",
    ),
    *depends_on(IMAGE, "From 2022-02. ", "2021-06 to 2022-06. "),
    Row(
        IMAGE,
        "id",
        "id: train",
        Refused("`id` was read in May 2021"),
        "May 2021; write `name`.",
    ),
    Row(
        IMAGE,
        "params",
        "params: [{id: epochs, default: 3}]",
        Refused("`params` was read in May 2021"),
        "May 2021; variables stand in `.dstack/variables.yaml`.",
    ),
    Row(
        IMAGE,
        "dependencies",
        "dependencies: [{id: prepare}]",
        Refused("`dependencies` was read in May 2021"),
        "May 2021; write `depends-on`.",
    ),
    Row(
        IMAGE,
        "triggers",
        "triggers: [{repo: {include: [train.py]}}]",
        Refused("`triggers` was read for two days in June 2021"),
        "Two days in June 2021; write `depends-on`.",
    ),
    Row(
        IMAGE,
        "template",
        "template: {image: python:3.11}",
        Refused("`template` was read for two days in February 2022"),
        "Two days in February 2022; its keys belong beside `name`.",
    ),
    Row(
        IMAGE,
        "provider",
        "run: train.py",
        Refused("unknown key `run`"),
        "An unknown key is a mistake, as it was then.",
        form="any other key",
    ),
    Row(
        FILES,
        ".dstack/variables.yaml",
        "artifacts: [out/$lr]",
        Read("parameters", (("lr", "2e-5"), ("gpus", "1"))),
        "From 2021-08. `global` for all workflows, and a section for each, which wins.",
        form=".dstack/variables.yaml: variables",
        files=LR,
    ),
    Row(
        FILES,
        ".dstack/configs.yaml",
        "artifacts: [out]",
        Read("parameters", (("lr", "0.1"),)),
        "2021-06 to 2021-08: the same under another name.",
        form=".dstack/configs.yaml: configs",
        files={".dstack/configs.yaml": "configs:\n  a:\n    lr: 0.1\n"},
    ),
    Row(
        FILES,
        ".dstack/recipes",
        "artifacts: [out]",
        NotLookedAt(),
        "May 2021: lists of workflows to be run one after the other. `wf run --all` runs the whole "
        "file.",
        form=".dstack/recipes/*.yaml: steps",
        files={".dstack/recipes/all.yaml": "steps:\n  - id: a\n"},
    ),
    Row(
        IMAGE,
        "$name",
        "artifacts: [out/$lr]",
        Read("artifacts[].path", ("out/2e-5",)),
        "The variable's value, where there is such a variable.",
        form="$name",
        files=LR,
    ),
    Row(
        IMAGE,
        "$name",
        "commands: [python train.py $lr]",
        Read("launch.commands", ("python train.py $lr",)),
        "The shell's own: a job has each variable by its name, and upper-cased.",
        form="commands: $name",
        files=LR,
    ),
    Row(
        IMAGE,
        "${{ name }}",
        "resources: {gpu: '${{ gpus }}'}",
        Read("resources.gpu", GpuRequest(1)),
        "The variable's value, put in before types are checked: a number is one.",
        form="${{ name }}",
        files=LR,
    ),
    Row(
        IMAGE,
        "$config_args",
        "commands: [python train.py $config_args]",
        Read(
            "launch.commands",
            ('python train.py --lr "${WF_VAR_lr}" --gpus "${WF_VAR_gpus}"',),
        ),
        "`--name value` for each variable. 2021-06 to 2021-08.",
        files=LR,
    ),
    Row(
        IMAGE,
        "$variables_as_args",
        "commands: [python train.py $variables_as_args]",
        Read(
            "launch.commands",
            ('python train.py --lr "${WF_VAR_lr}" --gpus "${WF_VAR_gpus}"',),
        ),
        "The same, from 2021-08.",
        files=LR,
    ),
)
