"""0.10 and later: one ``type: task`` a file.

Each row says since when dstack read the key, as far as it is known.
"""

from __future__ import annotations

from runner.spec.workflow import FileCopy, GpuRequest, Limits, Ports, Resources, Retry, Volume
from tests.compatibility.row import NoEffect, NotLookedAt, Passed, Place, Read, Refused, Row

FILE = "a.dstack.yml"
TASK = Place("a task", ("type: task", "commands: [make]"), "task", FILE)
IMAGE = Place("a task", ("type: task", "commands: [make]", "image: me/a:1"), "task", FILE)
PROFILE = Place("`.dstack/profiles.yml`", ("type: task", "commands: [make]"), "profiles", FILE)
GB = 2**30


def _no(key: str, text: str, says: str, told: str = "") -> Row:
    return Row(TASK, key, text, NoEffect(told or key.rpartition(".")[2]), says)


def _gone(key: str, text: str, instead: str) -> Row:
    return Row(TASK, key, text, Refused(f"`{key}` is no key of a task"), instead)


def _profiled(key: str, text: str, expected: Read | NoEffect | Refused, says: str) -> Row:
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    profile = f"profiles:\n  - name: large\n    default: true\n{lines}"
    return Row(PROFILE, key, "", expected, says, files={".dstack/profiles.yml": profile})


RUN = (
    Row(
        TASK,
        "type",
        "type: task",
        Read("provider", "task"),
        "0.10.",
        form="type: task",
    ),
    Row(
        TASK,
        "type",
        "commands: [make]",
        Passed("service"),
        "Passed over, with a note: a project may hold them beside its tasks. So are "
        "`dev-environment`, `fleet`, `volume`, `gateway` and `preset`.",
        form="type: service",
        files={"b.dstack.yml": "type: service\nport: 80\ncommands: [make]\n"},
    ),
    Row(
        TASK,
        "type",
        "type: job",
        Refused("unknown type `job`"),
        "Refused then too.",
        form="type: (any other)",
    ),
    Row(
        TASK,
        "name",
        "name: My_Run",
        Read("name", "My_Run"),
        "0.18.7. Without it a task is called like its file; capital letters were refused by the "
        "server.",
    ),
    Row(
        TASK,
        "commands",
        "commands: [cd src, make]",
        Read("launch.commands", ("cd src", "make")),
        "0.10. The commands of one shell; the first that fails ends the job.",
    ),
    Row(
        TASK,
        "commands",
        "commands: make",
        Refused("a list is wanted here"),
        "0.10 took its letters for commands; refused since.",
        form="commands: (text)",
    ),
    Row(
        TASK,
        "commands",
        "commands:",
        Refused("a task needs `commands`, or an `image` that has its own"),
        "Refused then too.",
        form="commands: (none)",
    ),
    Row(
        TASK,
        "shell",
        "shell: sh",
        Read("launch.shell", "sh"),
        "0.19.5. bash where none is named, sh with an `image`.",
    ),
    Row(
        TASK,
        "entrypoint",
        "entrypoint: python -m\ncommands: [json.tool, a.json]",
        Read("launch.args", ("python", "-m", "json.tool", "a.json")),
        "0.10.5. A program; `commands` are its words then.",
    ),
    Row(
        TASK,
        "python",
        "python: 3.10",
        Read("environment.python", "3.10"),
        "0.10. The Python of the environment. `wf`'s own where none is named; then it was the "
        "client's, and later the server's.",
    ),
    Row(
        TASK,
        "python",
        "python: 3.11\nimage: me/a:1",
        Refused("`image` and `python` exclude each other"),
        "Refused then too, as `image` beside `docker`, and `docker` beside `python` or `nvcc`.",
        form="python beside image",
    ),
    Row(
        TASK,
        "as_of",
        "as_of: 2022-05-20",
        Read("environment.as_of", "2022-05-20"),
        "`wf`'s own key: packages as they stood that day.",
    ),
    Row(
        TASK,
        "as-of",
        "as-of: 2022-05-20",
        Refused("unknown key `as-of`"),
        "`as_of` is proposed; `as-of` is the spelling of the lists.",
    ),
    Row(
        TASK,
        "env",
        "env: [SEED=010, TOKEN]",
        Read("required", ("TOKEN",)),
        "A name alone must be set where `wf run` is called, as from 0.17. Until 0.10.4 it was an "
        "empty value, later a mistake.",
        form="env: [K]",
    ),
    Row(
        TASK,
        "env",
        "env: {SEED: 010}",
        Read("variables", (("SEED", "010"),)),
        "0.10; a mapping from 0.10.5.",
        form="env",
    ),
    Row(
        TASK,
        "env",
        "env: {DEBUG: true}",
        Refused("a text or a number is wanted here"),
        "Refused then too; quotes are proposed.",
        form="env: {K: true}",
    ),
    Row(
        TASK,
        "env",
        "env: [A=1, A=2]",
        Refused("the variable `A` is set twice"),
        "Refused then too.",
        form="env: [K=V, K=W]",
    ),
    Row(
        TASK,
        "setup",
        "setup: [pip install a]",
        Read("before", ("pip install a",), "`setup` runs before the commands"),
        "0.10: before the commands. From 0.10.7 once a container, from 0.18.31 not at all; a note "
        "says so.",
    ),
    Row(
        TASK,
        "build",
        "build: [pip install a]",
        Read("before", ("pip install a",), "`build` runs before the commands"),
        "0.10.2 to 0.11: before `setup`, every time. dstack kept what it left in an image.",
    ),
    Row(
        TASK,
        "init",
        "init: [pip install a]",
        Refused("unknown key `init`"),
        "A key of development environments.",
    ),
    Row(
        TASK,
        "working_dir",
        "working_dir: src",
        Read("working_dir", "src"),
        "0.18.7. Below the project folder.",
    ),
    Row(
        TASK,
        "working_dir",
        "working_dir: /workflow/src",
        Read("working_dir", "src", "is a folder of dstack's containers"),
        "Below the folders of the container that held the project: below the project. Another "
        "absolute path is the project folder. A note says so.",
        form="working_dir: /workflow/src",
    ),
    Row(
        TASK,
        "artifacts",
        "artifacts: [data]",
        Read("artifacts[].path", ("data",)),
        "0.10 to 0.11, where it mostly did nothing; read by `wf` as in the lists.",
    ),
    Row(
        TASK,
        "artifacts.path",
        "artifacts: [{path: data}]",
        Read("artifacts[].path", ("data",)),
        "0.10.5 to 0.11. The same.",
    ),
    Row(
        TASK,
        "artifacts.mount",
        "artifacts: [{path: data, mount: true}]",
        Read("artifacts[].mount", (True,)),
        "0.10.5 to 0.11. Seen among the run's artifacts while the job runs, as in the lists.",
    ),
    Row(
        TASK,
        "files",
        "files: [src/a.json:conf/a.json, {local_path: b, path: c}]",
        Read("files", (FileCopy("src/a.json", "conf/a.json"), FileCopy("b", "c"))),
        "0.19.17. Files of the project, put elsewhere below the working directory.",
    ),
    Row(
        TASK,
        "files",
        "files: ['a:/etc/a']",
        Refused("is a place in a container"),
        "A place that only a container has.",
        form="files: [a:/PATH]",
    ),
    Row(
        TASK,
        "nodes",
        "nodes: 2",
        Read("nodes", 2),
        "0.18. They run side by side on this machine, with `$DSTACK_NODE_RANK` and the others.",
    ),
    Row(
        TASK,
        "groups",
        "groups: [{nodes: 1}]",
        Refused("wf starts nodes that are all alike"),
        "0.21.2. `nodes` is proposed.",
    ),
    Row(
        TASK,
        "ports",
        "ports: [8080, 8000:80, '*:3000']",
        Read("ports", Ports((8080, 80, 3000)), "8000 does not lead there"),
        "0.10. The ports the job listens on; of `local:container` the second (until 0.10.5 it was "
        "the first), and a note says that the other leads nowhere.",
    ),
    Row(
        TASK,
        "max_duration",
        "max_duration: 2h",
        Read("limits", Limits(7200)),
        "0.10.6. After so long the job is ended.",
    ),
    Row(
        TASK,
        "max_duration",
        "max_duration: off",
        Read("limits", Limits()),
        "No limit, as without the key; until 0.18.42 that meant 72 hours.",
        form="max_duration: off",
    ),
    Row(
        TASK,
        "max_duration",
        "max_duration: 1h30m",
        Refused("`1h30m`"),
        "Refused then too: one number with one unit.",
        form="max_duration: 1h30m",
    ),
    Row(
        TASK,
        "stop_duration",
        "stop_duration: 30",
        Read("limits", Limits(None, 30)),
        "0.18.38. How long a job has to end itself when asked.",
    ),
)

RESOURCES = (
    Row(
        TASK,
        "resources",
        "resources: {}",
        Read("resources", Resources()),
        "0.15; before, in profiles. What is not asked for is shared: dstack's defaults (2 cores, "
        "8GB) do not count.",
    ),
    Row(
        TASK,
        "resources.cpu",
        "resources: {cpu: 4..8}",
        Read("resources.cpu", 4),
        "0.15. So many cores for this job alone; of a range the lower end.",
    ),
    Row(
        TASK,
        "resources.cpu.count",
        "resources: {cpu: {count: ..8}}",
        Read("resources.cpu", None),
        "0.19.5. Nothing is asked for where a range has no lower end.",
    ),
    Row(
        TASK,
        "resources.cpu.arch",
        "resources: {cpu: 'arm:4'}",
        NoEffect("arch"),
        "0.19.5. The job runs on this machine's processor.",
    ),
    Row(
        TASK,
        "resources.cpu",
        "resources: {cpu: 0.5}",
        Refused("a whole number or a range of them is wanted here"),
        "Refused then too.",
        form="resources.cpu: 0.5",
    ),
    Row(
        TASK,
        "resources.memory",
        "resources: {memory: 16GB..}",
        Read("resources.memory", 16 * GB),
        "0.15. Counted in 1024, where the lists count in 1000; a number alone is in GB.",
    ),
    Row(
        TASK,
        "resources.memory",
        "resources: {memory: 16}",
        Read("resources.memory", 16 * GB),
        "In GB.",
        form="resources.memory: 16",
    ),
    Row(
        TASK,
        "resources.memory",
        "resources: {memory: 16GiB}",
        Refused("an amount of memory is wanted here"),
        "Refused then too; `16GB` is proposed.",
        form="resources.memory: 16GiB",
    ),
    Row(
        TASK,
        "resources.memory",
        "resources: {memory: 8GB..4GB}",
        Refused("goes down"),
        "Refused then too.",
        form="resources.memory: 8GB..4GB",
    ),
    Row(
        TASK,
        "resources.gpu",
        "resources: {gpu: '24GB..80GB:2'}",
        Read("resources.gpu", GpuRequest(2, None, 24 * 10**9, (), 80 * GB)),
        "0.15. Vendor, names, memory of each and count, in any order. GPUs are sold in units of "
        "1000, and compared so.",
    ),
    Row(
        TASK,
        "resources.gpu",
        "resources: {gpu: 2}",
        Read("resources.gpu", GpuRequest(2)),
        "A bare number is a count.",
        form="resources.gpu: 2",
    ),
    Row(
        TASK,
        "resources.gpu",
        "resources: {gpu: 0..1}",
        Read("resources.gpu", None),
        "No GPU where none will do.",
        form="resources.gpu: 0..1",
    ),
    Row(
        TASK,
        "resources.gpu",
        "resources: {gpu: '24GB:1:2'}",
        Refused("gives two values for `count`"),
        "Refused then too.",
        form="resources.gpu: 24GB:1:2",
    ),
    Row(
        TASK,
        "resources.gpu.name",
        "resources: {gpu: 'A100,H100'}",
        Read("resources.gpu", GpuRequest(1, "A100", None, ("H100",))),
        "0.15. Names, any of which will do.",
    ),
    Row(
        TASK,
        "resources.gpu.vendor",
        "resources: {gpu: 'nvidia:1'}",
        Read("resources.gpu", GpuRequest(1)),
        "0.18.",
        form="resources.gpu.vendor: nvidia",
    ),
    Row(
        TASK,
        "resources.gpu.vendor",
        "resources: {gpu: {vendor: amd}}",
        Refused("wf leases GPUs of NVIDIA alone"),
        "As are `google`, `tpu`, `intel` and `tenstorrent`.",
        form="resources.gpu.vendor: amd",
    ),
    Row(
        TASK,
        "resources.gpu.count",
        "resources: {gpu: {count: 2..4}}",
        Read("resources.gpu", GpuRequest(2)),
        "0.15. Until 0.14 a count in a profile was the least, as is a range's lower end.",
    ),
    Row(
        TASK,
        "resources.gpu.memory",
        "resources: {gpu: {memory: 24GB}}",
        Read("resources.gpu", GpuRequest(1, None, 24 * 10**9)),
        "0.15. The least memory of each; a larger GPU will do.",
    ),
    Row(
        TASK,
        "resources.gpu.memory",
        "resources: {gpu: {memory: 24GB..48GB}}",
        Read("resources.gpu", GpuRequest(1, None, 24 * 10**9, (), 48 * GB)),
        "No GPU has less or more.",
        form="resources.gpu.memory: 24GB..48GB",
    ),
    Row(
        TASK,
        "resources.gpu.total_memory",
        "resources: {gpu: {count: 2, total_memory: 48GB}}",
        Read("resources.gpu", GpuRequest(2, None, 24 * 10**9)),
        "0.15. The memory of all, shared out evenly.",
    ),
    Row(
        TASK,
        "resources.gpu.compute_capability",
        "resources: {gpu: {compute_capability: 8.0}}",
        Refused("wf does not ask GPUs for their compute capability"),
        "0.15. Name the GPUs that have it.",
    ),
    Row(
        TASK,
        "resources.shm_size",
        "resources: {shm_size: 8GB}",
        Read("resources.shm_size", 8 * GB),
        "0.15. The machine's `/dev/shm` must be so large.",
    ),
    _no(
        "resources.disk",
        "resources: {disk: 100GB}",
        "0.15. A job may use all the space that is free.",
    ),
    _no("resources.disk.size", "resources: {disk: {size: 100GB}}", "0.16. The same.", "disk"),
)

CONTAINER = (
    Row(
        TASK,
        "image",
        "image: python:3.11-slim",
        Read("environment.python", "3.11", "is read as Python 3.11"),
        "Runs in a container. Without Docker, an image of a bare Python is read as that Python on "
        "this machine.",
        form="image: python:3.11",
    ),
    Row(
        TASK,
        "image",
        "image: me/a:1",
        Read("container.image", "me/a:1"),
        "0.10.5. Any other image needs Docker, or `--executor local`.",
    ),
    Row(
        IMAGE,
        "registry_auth",
        "registry_auth: {username: me, password: '${{ secrets.x }}'}",
        Read("container.registry_auth", ("me", "${{ secrets.x }}")),
        "0.10.5. For images that are fetched.",
    ),
    Row(
        IMAGE,
        "registry_auth.username",
        "registry_auth: {password: x}",
        Refused("`username` is missing"),
        "Wanted.",
        form="registry_auth.username: (none)",
    ),
    Row(
        IMAGE,
        "registry_auth.password",
        "registry_auth: {username: x}",
        Refused("`password` is missing"),
        "Wanted.",
        form="registry_auth.password: (none)",
    ),
    Row(
        IMAGE,
        "user",
        "user: 1000:1000",
        Read("container.user", "1000:1000"),
        "0.18.30. Without a container, the job runs as whoever starts it.",
    ),
    Row(
        IMAGE,
        "home_dir",
        "home_dir: /root",
        Read("container.home_dir", "/root"),
        "0.10.8. Without a container, the job has the home folder of whoever starts it. dstack "
        "took no notice of it from 0.18.31.",
    ),
    Row(
        IMAGE,
        "privileged",
        "privileged: true",
        Read("container.privileged", value=True),
        "0.18.18. Without a container, the job has the rights of whoever starts it.",
    ),
    Row(
        TASK,
        "user",
        "user: 1000:1000",
        Read("box.user", "1000:1000"),
        "The same with `--executor docker`, as for `home_dir` and `privileged`.",
        form="user without image",
    ),
    _no("docker", "docker: true", "0.19.16. The commands use this machine's Docker."),
    _no("nvcc", "nvcc: true", "0.18.9. The CUDA is that of the image, or of this machine."),
    _no(
        "volumes",
        "volumes: [/data:/data, {instance_path: /a, path: /b, optional: true}]",
        "0.18.5. Without a container, folders are where they are.",
    ),
    Row(
        TASK,
        "volumes",
        "volumes: [/data:/mnt]",
        Read("box.volumes", (Volume("/data", "/mnt"),)),
        "A folder at another place needs a container: an `image`, or `--executor docker`.",
        form="volumes: [/A:/B]",
    ),
    Row(
        TASK,
        "volumes",
        "volumes: [my-volume:/data]",
        Refused("the volume `my-volume` lies in a cloud"),
        "It lies in a cloud.",
        form="volumes: [NAME:/PATH]",
    ),
    _no("repos", "repos: [.]", "0.19.26. A run works on a copy of this project."),
    _no("single_branch", "single_branch: true", "0.18.40. The same."),
    _no("cache", "cache: [~/.cache/pip]", "0.10 to 0.11. Environments are shared between runs."),
    _no("cache.path", "cache: [{path: data}]", "0.10 to 0.11. The same.", "cache"),
)

POLICIES = (
    _no("priority", "priority: 50", "0.19.10. Runs wait in the order of their arrival."),
    Row(
        TASK,
        "retry",
        "retry: true",
        Read("retry", Retry()),
        "0.18. A job that failed or was taken away is started again.",
    ),
    Row(
        TASK,
        "retry.on_events",
        "retry: {on_events: [error]}",
        Read("retry", Retry(("error",))),
        "0.18. Only then.",
    ),
    Row(
        TASK,
        "retry.on_events",
        "retry: {on_events: []}",
        Refused("at least one item is wanted here"),
        "Refused then too.",
        form="retry: {on_events: []}",
    ),
    Row(
        TASK,
        "retry.duration",
        "retry: {duration: 4h}",
        Read("retry", Retry(duration=4 * 3600)),
        "0.18. From the first failure of a series on; dstack counted from the last one.",
    ),
    *(
        Row(
            TASK,
            key,
            f"retry_policy: {{retry: true, {key.rpartition('.')[2]}: 4h}}",
            Read("retry", Retry(("no-capacity", "interruption"), 4 * 3600)),
            meaning,
        )
        for key, meaning in (
            ("retry_policy.limit", "0.10.2 to 0.15."),
            ("retry_policy.duration", "0.16 to 0.17."),
        )
    ),
    Row(
        TASK,
        "retry_policy",
        "retry_policy: {retry: true}",
        Read("retry", Retry(("no-capacity", "interruption"))),
        "0.10.2 to 0.17. A job that failed by itself is not started again.",
    ),
    Row(
        TASK,
        "retry_policy.retry",
        "retry_policy: {retry: false}",
        Read("retry", None),
        "0.10.2 to 0.17. It is not started again.",
    ),
    _no("startup_order", "startup_order: master-first", "0.19.12. Nodes start at once."),
    _no("stop_criteria", "stop_criteria: master-done", "0.19.12. A job ends when all nodes have."),
    _no("schedule", "schedule: {cron: 0 8 * * *}", "0.19.21. Start `wf run` from cron."),
    _no(
        "schedule.cron",
        "schedule: {cron: [0 8 * * *]}",
        "The same. A day of the week 0 was Monday.",
        "schedule",
    ),
    *(
        _no(
            key,
            "utilization_policy: {min_gpu_utilization: 10, time_window: 1h}",
            "0.18.44. No job is ended for being idle.",
            "utilization_policy",
        )
        for key in (
            "utilization_policy",
            "utilization_policy.min_gpu_utilization",
            "utilization_policy.time_window",
        )
    ),
    _no("spot_policy", "spot_policy: auto", "0.10.2. This machine has no spot instances."),
    Row(
        TASK,
        "spot_policy",
        "spot_policy: spot",
        Read("interruptible", True),  # noqa: FBT003 - the value that is read
        "The job is given notice (SIGUSR1) ahead of its end.",
        form="spot_policy: spot",
    ),
    *(
        _no(key, text, f"{since}. Every job runs on this machine.")
        for key, text, since in (
            ("backends", "backends: [aws]", "0.12"),
            ("regions", "regions: [eu-west-1]", "0.13"),
            ("availability_zones", "availability_zones: [eu-west-1a]", "0.18.41"),
            ("instance_types", "instance_types: [p3.8xlarge]", "0.18"),
            ("instances", "instances: [mine]", "0.20.25"),
            ("reservation", "reservation: cr-1", "0.18.20"),
            ("backend_options", "backend_options: [{type: aws}]", "0.20.22"),
            ("instance_name", "instance_name: mine", "0.16 to 0.19"),
        )
    ),
    _no("max_price", "max_price: 1.5", "0.11. This machine costs nothing."),
    *(
        _no(key, text, f"{since}. There are no instances to keep.")
        for key, text, since in (
            ("creation_policy", "creation_policy: reuse", "0.16"),
            ("idle_duration", "idle_duration: 1h", "0.18.34"),
            ("fleets", "fleets: [mine]", "0.19.3"),
            ("pool_name", "pool_name: mine", "0.16 to 0.19"),
            ("termination_policy", "termination_policy: destroy-after-idle", "0.10.6 to 0.19"),
            ("termination_idle_time", "termination_idle_time: 1h", "0.16 to 0.19"),
        )
    ),
    _no("tags", "tags: {team: me}", "0.19.5. They were labels of cloud instances."),
    _no("dstack", "dstack: true", "0.20.28. There is no server to talk to."),
)

OTHERS = (
    *(
        _gone(key, text, instead)
        for key, text, instead in (
            ("provider", "provider: bash", "A key of the lists: `type: task` says it."),
            ("help", "help: Train it", "A key of the lists."),
            ("requirements", "requirements: a.txt", "A key of the lists: install them with pip."),
            ("environment", "environment: {A: 1}", "A key of the lists: `env`."),
            ("before_run", "before_run: [make]", "A key of the lists: lines before `commands`."),
            ("depends-on", "depends-on: [b]", "A key of the lists: tasks have no dependencies."),
            ("deps", "deps: [b]", "The same."),
        )
    ),
    Row(
        TASK,
        "any other key",
        "command: make",
        Refused("unknown key `command`"),
        "An unknown key is a mistake, as it was then; the nearest one is proposed.",
        form="any other key",
    ),
    Row(
        TASK,
        "${{ run.name }}",
        "env: {OUT: 'out/${{ run.name }}'}",
        Read("variables", (("OUT", "out/${{run.name}}"),)),
        "The run's name.",
    ),
    Row(
        TASK,
        "${{ run.args }}",
        "commands: ['python train.py ${{ run.args }}']",
        Read("launch.takes_args", True),  # noqa: FBT003 - what the attribute is
        "The words behind `--`, each a word of its own.",
    ),
    Row(
        TASK,
        "${{ secrets.NAME }}",
        "env: {TOKEN: '${{ secrets.TOKEN }}'}",
        Read("variables", (("TOKEN", "${{ secrets.TOKEN }}"),)),
        "[A secret](../how-to/secrets.md), put in when the job starts. Below `env`, and in "
        "`commands`.",
    ),
    Row(
        TASK,
        ".dstack.yml",
        "name: b",
        Read("file", ".dstack.yml"),
        "All of the project's are read: `.dstack.yml`, `*.dstack.yml` and `.yaml`.",
        form=".dstack.yml",
        files={".dstack.yml": "type: task\ncommands: [make]\n"},
    ),
    Row(
        TASK,
        "other folders",
        "name: b",
        NotLookedAt(),
        "Only with `--file`: the project folder is then the repository it lies in.",
        form="in other folders",
        files={"deep/c.dstack.yml": "type: task\ncommands: [make]\n"},
    ),
)

PROFILES = (
    _profiled(
        "default",
        "max_duration: 1h",
        Read("limits", Limits(3600)),
        "0.10. The profile that counts. dstack took others by name.",
    ),
    Row(
        PROFILE,
        "name",
        "",
        Refused("`name` is missing"),
        "0.10. Wanted, though nothing refers to it here.",
        form="name: (none)",
        files={".dstack/profiles.yml": "profiles: [{default: true}]\n"},
    ),
    Row(
        PROFILE,
        "profiles",
        "",
        Refused("at least one item is wanted here"),
        "Refused then too.",
        form="profiles: []",
        files={".dstack/profiles.yml": "profiles: []\n"},
    ),
    _profiled(
        "resources",
        "resources: {memory: 8GB, gpu: 1}",
        Read("resources", Resources(None, 8 * GB, GpuRequest(1))),
        "0.10 to 0.14. Of a task that asks for none itself.",
    ),
    _profiled(
        "resources.local",
        "resources: {local: true}",
        NoEffect("local"),
        "0.10. Every job runs on this machine.",
    ),
    _profiled(
        "resources.instance-type",
        "resources: {instance-type: spot}",
        Read("interruptible", True),  # noqa: FBT003 - the value that is read
        "0.10. As `spot_policy`, which took its place.",
    ),
    _profiled(
        "project",
        "project: main",
        NoEffect("project"),
        "0.10. There is no server that has projects.",
    ),
    _profiled(
        "max_duration",
        "max_duration: off",
        Read("limits", Limits()),
        "0.10.6. Of a task that says none itself; without it there is no limit.",
    ),
    _profiled(
        "stop_duration",
        "stop_duration: 10",
        Read("limits", Limits(None, 10)),
        "0.18.38. The same.",
    ),
    _profiled(
        "spot_policy",
        "spot_policy: spot",
        Read("interruptible", True),  # noqa: FBT003 - the value that is read
        "0.10.2. Of a task that has none itself.",
    ),
    _profiled(
        "retry",
        "retry: true",
        Read("retry", Retry()),
        "0.18. The same; further keys of policies are as in a task.",
    ),
    _profiled(
        "any other key",
        "commands: [make]",
        Refused("unknown key `commands`"),
        "A mistake.",
    ),
)

ROWS = (*RUN, *RESOURCES, *CONTAINER, *POLICIES, *OTHERS, *PROFILES)
