"""Every environment variable that wf reads or sets, each with its meaning. Imports nothing of wf.

What a job is given stands in one table, :data:`GIVEN`; the reference is written from it.
"""

from __future__ import annotations

from typing import NamedTuple

# --- read ---------------------------------------------------------------------------------------
HOME = "WF_HOME"
"""Where runs and the index are kept. Default: ``$XDG_DATA_HOME/wf``, else ``~/.local/share/wf``."""

CACHE = "WF_CACHE"
"""Where environments are kept. Default: ``$XDG_CACHE_HOME/wf``, else ``~/.cache/wf``."""

LOCKS = "WF_LOCKS"
"""The machine's lock folder for leases. Default: ``/run/lock`` where everybody may write, else
``/tmp``. Everybody on one machine must use the same folder."""

ETC = "WF_ETC"
"""The folder of the machine's limits. Default: ``/etc/wf``. Set it for tests and packages only."""

REMOTE = "WF_REMOTE"
"""The remote store that ``wf artifacts push`` sends to, and from which ``wf artifacts pull`` takes
what is not here: ``s3://BUCKET/FOLDER``, ``gs://``, ``az://``, ``sftp://HOST/FOLDER``, a folder."""

WF_BASE_IMAGE = "WF_BASE_IMAGE"
"""The image for workflows that run in a container and name none, ``{python}`` being its Python.
Default: ``python:{python}-slim``."""

DOCKER_HOST = "DOCKER_HOST"
"""Where the daemon listens that runs containers, as for the ``docker`` program. Default: that of
the context ``DOCKER_CONTEXT`` or of ``docker context use``, else ``/var/run/docker.sock``."""

DOCKER_CONTEXT = "DOCKER_CONTEXT"
"""The Docker context whose daemon runs containers, where ``DOCKER_HOST`` is not set."""

DOCKER_CONFIG = "DOCKER_CONFIG"
"""The folder of Docker's own configuration: contexts and logins. Default: ``~/.docker``."""

DOCKER_TLS_VERIFY = "DOCKER_TLS_VERIFY"
"""Not empty: the connection to ``DOCKER_HOST`` is encrypted, and its certificate checked."""

DOCKER_CERT_PATH = "DOCKER_CERT_PATH"
"""Where the certificates for ``DOCKER_TLS_VERIFY`` are. Default: that of ``DOCKER_CONFIG``."""

NO_COLOR = "NO_COLOR"
"""Not empty: no colour (no-color.org)."""

FORCE_COLOR = "FORCE_COLOR"
"""Not empty: colour even without a terminal (force-color.org)."""

STATUS = "WF_STATUS"
"""``off``: no status line below a job's output."""

COLUMNS = "COLUMNS"
"""Width of tables in characters, when it is set."""

CUDA_VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"
"""Read: a ceiling on the GPUs wf may use. Set for the job: those leased, or empty for none."""

# --- set for the job ------------------------------------------------------------------------------
RUN_NAME = "RUN_NAME"
RUN_NAME_REFERENCE = "WF_VAR_run_2E_name"
WF_RUN = "WF_RUN"
WF_WORKFLOW = "WF_WORKFLOW"
WF_NOTES = "WF_NOTES"
WF_ARTIFACTS = "WF_ARTIFACTS"
WF_ATTEMPT = "WF_ATTEMPT"
WF_RESUMED_FROM = "WF_RESUMED_FROM"
WF_RESUME_CKPT = "WF_RESUME_CKPT"
CUDA_DEVICE_ORDER = "CUDA_DEVICE_ORDER"
HOSTED_PLACEHOLDERS = ("run_name", "job_name", "job_id")
UV_EXCLUDE_NEWER = "UV_EXCLUDE_NEWER"
NODE_RANK = "DSTACK_NODE_RANK"
MPI_HOSTFILE = "DSTACK_MPI_HOSTFILE"
NODES = "WF_NODES"
SIMULATED_GPUS = "WF_SIMULATED_GPUS"
GLOO_INTERFACE = "GLOO_SOCKET_IFNAME"
PYTHON_PATH = "PYTHONPATH"
TINI_GROUP = "TINI_KILL_PROCESS_GROUP"
THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TORCH_NUM_THREADS",
)


class Given(NamedTuple):
    """Variables that a job is given.

    ``i`` in a name stands for a number from 0 on. ``meaning`` is what they hold. ``source`` says
    who set them first: ``wf``, or the versions of dstack (``runner/internal/executor/executor.go``
    in the versions named).
    """

    names: tuple[str, ...]
    meaning: str
    source: str = "wf"


GIVEN = (
    Given((WF_RUN,), "The run's name."),
    Given((WF_WORKFLOW,), "The workflow's name."),
    Given(
        (WF_NOTES,),
        "A file. Lines appended to it stand on the record as `notes`: printable text, 64 KiB at "
        "most. Lines such as `phase: fit 3.2 s, 500 samples` stand there as `phases`; see "
        "[Compare runs](../how-to/compare-runs.md#tell-how-long-the-parts-take).",
    ),
    Given(
        (WF_ARTIFACTS,),
        "A folder. What the job writes there is kept with the run, without being declared; see "
        "[Keep what a job leaves](../how-to/artifacts.md).",
    ),
    Given(
        (WF_ATTEMPT,),
        "How often the run has started its job, from `1` on: more than that with [`retry`]"
        "(../how-to/retry.md).",
    ),
    Given(
        (WF_RESUMED_FROM,),
        "The run whose artifacts are in place. Only if it is [gone on "
        "from](../how-to/resume-a-run.md).",
    ),
    Given(
        (WF_RESUME_CKPT,),
        "The newest Lightning checkpoint among those artifacts: `last.ckpt`, else the one that was "
        "saved when a cluster ended the job (`hpc_ckpt_N.ckpt`), else the youngest `*.ckpt`. With "
        "[`retry`](../how-to/retry.md) what an attempt before has saved comes first. Only if there "
        "is one.",
    ),
    Given(("PATH",), "The environment's commands, then the caller's."),
    Given(("VIRTUAL_ENV",), "The environment."),
    Given(("PIP_REQUIRE_VIRTUALENV",), "`1`: a pip of the system's does not install into it."),
    Given(
        (UV_EXCLUDE_NEWER,),
        "The end of the day as of which packages are resolved. Only if there is one.",
    ),
    Given(
        ("PYTHONUNBUFFERED",), "`1`: Python's output appears when it is written.", "0.0.7 to 0.9.2"
    ),
    Given((RUN_NAME,), "The run's name.", "0.0.7 to 0.9.2"),
    Given(HOSTED_PLACEHOLDERS, "The run's name, for commands of 2021 and 2022.", "2021"),
    Given(
        ("JOB_ID",),
        "The run, the workflow and the number of the node, with commas between them.",
        "0.0.7 to 0.9.2",
    ),
    Given(
        ("HOSTNAME", "JOB_HOSTNAME"),
        "`127.0.0.1`, where the job's ports can be reached.",
        "0.0.7 to 0.9.2",
    ),
    Given(
        ("PORT_i", "JOB_PORT_i"),
        "The job's ports, the fixed ones first. Only if it has some.",
        "0.0.7 to 0.9.1",
    ),
    Given(
        ("MASTER_ID", "MASTER_JOB_ID"),
        "The `JOB_ID` of node 0. Only on the other nodes.",
        "0.0.7 to 0.9.2",
    ),
    Given(
        ("MASTER_HOSTNAME", "MASTER_JOB_HOSTNAME"),
        "`127.0.0.1`. Only on the nodes after node 0.",
        "0.0.7 to 0.9.2",
    ),
    Given(
        ("MASTER_PORT_i", "MASTER_JOB_PORT_i"),
        "The ports of node 0, which are the job's. Only on the nodes after it.",
        "0.0.7 to 0.9.1",
    ),
    Given(("DSTACK_RUN_ID", "DSTACK_RUN_NAME"), "The run's name.", "0.21.2"),
    Given(("DSTACK_JOB_ID",), "As `JOB_ID`.", "0.21.2"),
    Given(("DSTACK_REPO_ID",), "The name of the project folder.", "0.21.2"),
    Given(("DSTACK_REPO_DIR",), "The copy of the project that the job works on.", "0.21.2"),
    Given(("DSTACK_WORKING_DIR",), "The folder that the job starts in.", "0.21.2"),
    Given(
        ("DSTACK_NODES_IPS",),
        "The address of each node, one a line: `127.0.0.1` for all of them.",
        "0.21.2",
    ),
    Given(("DSTACK_MASTER_NODE_IP",), "The address of node 0: `127.0.0.1`.", "0.21.2"),
    Given((NODE_RANK,), "The number of the node, from 0 on.", "0.21.2"),
    Given(("DSTACK_NODES_NUM",), "How many nodes the job has.", "0.21.2"),
    Given(
        ("DSTACK_GPUS_PER_NODE",),
        "How many GPUs each node was granted, or has simulated.",
        "0.21.2",
    ),
    Given(("DSTACK_GPUS_NUM",), "How many GPUs all nodes have together.", "0.21.2"),
    Given(
        (MPI_HOSTFILE,),
        "A file that names the nodes to `mpirun`. Only if there are several.",
        "0.21.2",
    ),
    Given(
        THREAD_COUNTS,
        "The number of cores that the node was granted for itself; under `torchrun` so many for "
        "each process, and for each simulated GPU. Only if it was granted some, or if GPUs are "
        "simulated.",
    ),
    Given(
        (SIMULATED_GPUS,),
        "How many GPUs of the node are [simulated](../how-to/try-ddp-on-a-laptop.md). Only if they "
        "are.",
    ),
    Given(
        (GLOO_INTERFACE,),
        "The network of this machine alone (`lo`), by which ranks on the CPU find each other. Only "
        "if GPUs are simulated.",
    ),
    Given(
        (PYTHON_PATH,),
        "A folder of `wf`'s, then what the workflow says. Only if GPUs are simulated; otherwise "
        "`wf` leaves it unset.",
    ),
    Given(
        ("WANDB_MODE", "WANDB_DIR"),
        "`offline`, and a folder that is kept with the run. Only if the environment holds wandb "
        "and no key of its is to be found; see [Track experiments](../how-to/trackers.md).",
    ),
    Given(
        ("MLFLOW_TRACKING_URI", "MLFLOW_ALLOW_FILE_STORE"),
        "A folder that is kept with the run, and `true`. Only if the environment holds mlflow and "
        "no other place is named.",
    ),
    Given(
        ("COMET_OFFLINE_DIRECTORY",),
        "A folder that is kept with the run. Only if the environment holds comet_ml.",
    ),
    Given(
        (CUDA_VISIBLE_DEVICES,),
        "The UUIDs of the GPUs granted, or empty. Their numbers, if the environment holds PyTorch "
        "1.13 or older, which finds no GPU by its UUID; for parts of a GPU (MIG) always UUIDs.",
    ),
    Given((CUDA_DEVICE_ORDER,), "`PCI_BUS_ID`: indexes mean the same in every tool."),
)

# --- never passed on ------------------------------------------------------------------------------
RANK_VARIABLES = frozenset(
    {
        "RANK", "LOCAL_RANK", "GROUP_RANK", "ROLE_RANK", "NODE_RANK",
        "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE", "ROLE_WORLD_SIZE",
        "MASTER_ADDR", "MASTER_PORT",
    }
)  # fmt: skip
"""Left over from a launcher outside, they make Lightning wait for peers that do not exist
(Lightning reads them in ``fabric/plugins/environments``)."""

SCRUBBED_PREFIXES = ("SLURM_", "SLURMD_", "PMI_", "PMIX_", "TORCHELASTIC_")
"""The same, by prefix."""

INTERPRETER_VARIABLES = frozenset(
    {"VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "PYTHONHOME", "PYTHONPATH", "CONDA_PREFIX",
     "CONDA_DEFAULT_ENV", "__PYVENV_LAUNCHER__"}
)  # fmt: skip
"""They would mix the caller's interpreter into the run's environment."""

BYTECODE_FOLDER = "PYTHONPYCACHEPREFIX"
"""With it an interpreter passes over the bytecode that lies beside the packages
(docs.python.org, "Command line and environment")."""
