"""How values are written: the same in all lists of workflows."""

from __future__ import annotations

from runner.spec.workflow import GpuRequest, Ports
from tests.compatibility.places import ANY, BASH, FILES, PYTHON
from tests.compatibility.row import WORKFLOWS, NotLookedAt, Read, Refused, Row

VALUES = ".dstack/variables.yaml"
MORE = "workflows: [{name: a, provider: bash, commands: [make]}]\n"

ROWS = (
    *(
        Row(
            PYTHON,
            key,
            f"{key}: {written}",
            Read("environment.python", "3.10"),
            "3.10, though YAML takes it for the number 3.1.",
            form=f"{key}: {written}",
        )
        for key in ("python", "version")
        for written in ("3.10", '"3.10"')
    ),
    Row(
        PYTHON,
        "python",
        "python: ${{ value }}",
        Read("environment.python", "3.10"),
        "The variable's value, as it is written there.",
        form="python: ${{ name }}",
        files={VALUES: "variables:\n  a:\n    value: 3.10\n"},
    ),
    Row(
        PYTHON,
        "python",
        "python: 3.1",
        Refused("there is no environment with Python 3.1"),
        "`3.10` or `3.11` is proposed.",
        form="python: 3.1",
    ),
    *(
        Row(
            PYTHON,
            "python",
            f"python: {written}",
            Refused("a Python version is wanted here"),
            "A version is one value.",
            form=f"python: {written}",
        )
        for written in ("['3.9']", "{enum: 3.9}", "python3.9")
    ),
    *(
        Row(
            ANY,
            "as-of",
            f"as-of: {written}",
            Read("environment.as_of", meant),
            "`wf`'s own key: packages as they stood that day.",
            form=f"as-of: {written}",
        )
        for written, meant in (
            ("2022-05-20", "2022-05-20"),
            ('"2022-05-20"', "2022-05-20"),
            ("commit", "commit"),
        )
    ),
    Row(
        ANY,
        "as-of",
        "as-of: 2022-05-20T12:00:00Z",
        Refused("a day without a time is wanted here"),
        "The whole day counts.",
        form="as-of: (a time)",
    ),
    Row(
        ANY,
        "as_of",
        "as_of: 2022-05-20",
        Refused("unknown key `as_of`"),
        "`as-of` is proposed; `as_of` is the spelling of a task.",
    ),
    Row(
        ANY,
        "name",
        "name : x",
        Read("name", "x"),
        "A space before the colon belongs to nothing.",
        form="name : x",
    ),
    Row(
        ANY,
        "ports",
        "ports: [8080:22]",
        Read("ports", Ports((8080,))),
        "Two ports, though YAML 1.1 takes it for the number 484822.",
        form="ports: [8080:22]",
    ),
    Row(
        ANY,
        "ports",
        "ports:",
        Read("ports", Ports()),
        "An empty key is no key, whichever it is.",
        form="ports: (empty)",
    ),
    Row(
        ANY,
        "resources.gpu",
        "resources: {gpu: '1'}",
        Read("resources.gpu", GpuRequest(1)),
        "Quotes make no difference to a number.",
        form='resources.gpu: "1"',
    ),
    Row(
        ANY,
        "resources.gpu",
        "resources:\n  gpu: {{gpu}}",
        Refused("a key must be a plain word"),
        "A `$` is missing: write `${{ gpu }}`.",
        form="resources.gpu: {{gpu}}",
    ),
    Row(
        ANY,
        "artifacts",
        "artifacts: [out/${{ x }}]",
        Refused("not valid YAML"),
        "Within brackets an expression needs quotes, which is said.",
        form="artifacts: [${{ x }}]",
    ),
    Row(
        BASH,
        "commands",
        "commands:\n  - echo a: b",
        Refused("a text is wanted here, not a mapping"),
        "A colon and a space make a mapping; put quotes around the command.",
        form="commands: [echo a: b]",
    ),
    Row(
        BASH,
        "commands",
        "commands:\n  - pip install a\n    pip install b",
        Read("launch.commands", ("pip install a pip install b",)),
        "A line without its dash belongs to the one before.",
        form="commands: (a dash is missing)",
    ),
    Row(
        BASH,
        "commands",
        "commands:\n  - echo a # b",
        Read("launch.commands", ("echo a",)),
        "A `#` behind a space begins a comment of YAML; put quotes around the command.",
        form="commands: [echo a # b]",
    ),
    Row(
        FILES,
        "version",
        "",
        Refused("unknown key `version`"),
        "Only `workflows` stands at the top of a list.",
        form="other keys at the top",
        files={WORKFLOWS: f"version: 1\n{MORE}"},
    ),
    Row(
        FILES,
        "empty file",
        "",
        NotLookedAt(),
        "Beside other files a list may hold nothing but comments; so may the variables, profiles "
        "and providers.",
        form="an empty file",
        files={".dstack/workflows/more.yaml": "# nothing yet\n"},
    ),
    *(
        Row(
            PYTHON,
            "variables.yaml",
            "args: $value",
            Read("launch.args", (written,)),
            "As written.",
            form=f"variables.yaml: {written}",
            files={VALUES: f"variables:\n  a:\n    value: {written}\n"},
        )
        for written in ("2e-5", "0.00002", "010", "1:30", "yes", "None", "124M")
    ),
    Row(
        ANY,
        "environment",
        "environment: {A: yes, B: 1e5, C: 1_000}",
        Read("variables", (("A", "yes"), ("B", "1e5"), ("C", "1_000"))),
        "As written.",
        form="environment: {A: yes}",
    ),
)
