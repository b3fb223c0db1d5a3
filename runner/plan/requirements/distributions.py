"""Which package to ask for, to be able to import a module, or to have a command."""

from __future__ import annotations

from types import MappingProxyType

# what is imported by another name than it is installed by
_MODULES = MappingProxyType({
    "Bio": "biopython", "Crypto": "pycryptodome", "OpenSSL": "pyopenssl", "PIL": "pillow",
    "absl": "absl-py", "attr": "attrs", "bs4": "beautifulsoup4", "clip": "openai-clip",
    "cv2": "opencv-python", "dateutil": "python-dateutil", "docx": "python-docx",
    "dotenv": "python-dotenv", "faiss": "faiss-cpu", "fitz": "pymupdf", "git": "gitpython",
    "google.protobuf": "protobuf", "hydra": "hydra-core", "igraph": "python-igraph",
    "jose": "python-jose", "jwt": "pyjwt", "magic": "python-magic", "mpl_toolkits": "matplotlib",
    "msgpack_numpy": "msgpack-numpy", "nvml": "nvidia-ml-py", "pynvml": "nvidia-ml-py",
    "osgeo": "gdal", "pkg_resources": "setuptools", "psycopg2": "psycopg2-binary",
    "pytorch_lightning": "pytorch-lightning", "ruamel": "ruamel.yaml", "serial": "pyserial",
    "skimage": "scikit-image", "sklearn": "scikit-learn", "skopt": "scikit-optimize",
    "slugify": "python-slugify", "tensorboardX": "tensorboardx", "umap": "umap-learn",
    "usb": "pyusb", "websocket": "websocket-client", "yaml": "pyyaml", "zmq": "pyzmq",
})  # fmt: skip
_COMMANDS = MappingProxyType({
    "accelerate": "accelerate", "deepspeed": "deepspeed", "dvc": "dvc",
    "fairseq-train": "fairseq", "gdown": "gdown", "hf": "huggingface-hub",
    "huggingface-cli": "huggingface-hub", "ipython": "ipython", "jupyter": "jupyter",
    "kaggle": "kaggle", "lightning": "lightning", "litgpt": "litgpt", "mlflow": "mlflow",
    "optuna": "optuna", "papermill": "papermill", "poetry": "poetry", "pytest": "pytest",
    "ray": "ray", "spacy": "spacy", "streamlit": "streamlit", "tensorboard": "tensorboard",
    "torchrun": "torch", "uvicorn": "uvicorn", "wandb": "wandb",
})  # fmt: skip


def of_module(module: str) -> str:
    """The package that brings a module, as it is asked for: ``sklearn`` is ``scikit-learn``."""
    top = module.partition(".")[0]
    return _MODULES.get(module) or _MODULES.get(top) or top.replace("_", "-")


def of_command(command: str) -> str | None:
    """The package that brings a command; ``None`` where none is known to."""
    return _COMMANDS.get(command)
