"""The places of the lists of workflows that keys stand in."""

from __future__ import annotations

from tests.compatibility.row import Place

IMAGE = Place("a workflow", ("image: python:3.11", "commands: [make]"), "docker")
ANY = Place("every workflow", ("provider: bash", "commands: [make]"))
PYTHON = Place("`provider: python`", ("provider: python", "script: train.py"), "python")
TORCHRUN = Place("`provider: torchrun`", ("provider: torchrun", "script: train.py"), "torchrun")
BASH = Place("`provider: bash`", ("provider: bash", "commands: [make]"), "bash")
DOCKER = Place(
    "`provider: docker`", ("provider: docker", "image: python:3.11", "commands: [make]"), "docker"
)
CODE = Place("`provider: code`", ("provider: code",), "code")
LAB = Place("`provider: lab`", ("provider: lab",), "lab")
NOTEBOOK = Place("`provider: notebook`", ("provider: notebook",), "notebook")
STREAMLIT = Place("`provider: streamlit`", ("provider: streamlit", "target: app.py"), "streamlit")
GRADIO = Place("`provider: gradio`", ("provider: gradio", "file: app.py"), "gradio")
FASTAPI = Place("`provider: fastapi`", ("provider: fastapi", "app: main:app"), "fastapi")
TENSORBOARD = Place("`provider: tensorboard`", ("provider: tensorboard",), "tensorboard")
CURL = Place(
    "`provider: curl`",
    ("provider: curl", "url: https://example.org/a", "output: data/a"),
    "curl",
)
FILES = Place("the project", ("provider: bash", "commands: [make]"))
