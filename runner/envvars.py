"""Every environment variable that wf reads or sets, each with its meaning. No imports."""

from __future__ import annotations

# --- read ---------------------------------------------------------------------------------------
HOME = "WF_HOME"
"""Where runs and the index are kept. Default: ``$XDG_DATA_HOME/wf``, else ``~/.local/share/wf``."""

CACHE = "WF_CACHE"
"""Where environments are kept. Default: ``$XDG_CACHE_HOME/wf``, else ``~/.cache/wf``."""

LOCKS = "WF_LOCKS"
"""The machine's lock folder for leases. Default: ``/run/lock/wf``, else a folder in ``/tmp``.
Everybody on one machine must use the same folder; set it only for tests."""

NO_COLOR = "NO_COLOR"
"""Not empty: no colour (no-color.org)."""

FORCE_COLOR = "FORCE_COLOR"
"""Not empty: colour even without a terminal (force-color.org)."""

COLUMNS = "COLUMNS"
"""Width of tables in characters, when it is set."""

CUDA_VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"
"""Read: a ceiling on the GPUs wf may use. Set for the job: the UUIDs leased, or empty for none."""

# --- set for the job ------------------------------------------------------------------------------
RUN_NAME = "RUN_NAME"
"""The run's name, under the name every dstack runner used (0.0.7 to 0.9.2)."""

RUN_NAME_REFERENCE = "WF_VAR_run_2E_name"
"""The run's name, where a command has ``${{ run.name }}``; no variable of a workflow takes it."""

WF_RUN = "WF_RUN"
"""The run's name."""

WF_WORKFLOW = "WF_WORKFLOW"
"""The workflow's name."""

WF_NOTES = "WF_NOTES"
"""A file the job may append lines to; they stand on the record as ``notes``."""

THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""Thread counts of numeric libraries, set to the number of cores leased."""

NODE_RANK = "DSTACK_NODE_RANK"
"""The number of the node that a process belongs to, from 0 on (0.18 and later)."""

CUDA_DEVICE_ORDER = "CUDA_DEVICE_ORDER"
"""Set to ``PCI_BUS_ID`` with every lease, so that indexes mean the same in every tool."""

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
