"""Several processes of one job: ports, and that they lose each other."""

from __future__ import annotations

import re

from runner.engine.failing.causes.rule import Rule, Seen, always, rule
from runner.engine.failing.failure import Cause

_PORT = re.compile(
    r"port: (?P<a>\d{2,5})\b|\('[^']*', (?P<b>\d{2,5})\)|\bport (?P<c>\d{2,5})\b|:(?P<d>\d{2,5})\b",
    re.IGNORECASE,
)


def _in_use(seen: Seen) -> Cause:
    lines = [*seen.reading.error, *seen.reading.before, *seen.reading.end[-8:]]
    line = next((line for line in lines if "in use" in line.lower() or "EADDRINUSE" in line), "")
    found = _PORT.search(line) or _PORT.search("\n".join(lines))
    number = next((group for group in found.groups() if group), None) if found else None
    if number is None:
        said = "a port that it listens on is taken by another program"
    else:
        said = f"port {number} is taken by another program"
    hint = "let wf choose a free one: `ports: 1` in the workflow, and $PORT_0 in the command"
    return Cause("address_in_use", said, hint)


RULES: tuple[Rule, ...] = (
    rule(r"[Aa]ddress already in use|EADDRINUSE|\[Errno 98\]|port is already allocated", _in_use),
    rule(
        r"Watchdog caught collective operation timeout|collective operation timed? ?out",
        lambda seen: Cause(
            "ranks_timed_out",
            "a rank waited for the others for too long: one of them does more steps, or hangs",
            f"{seen.known.again('-e TORCH_DISTRIBUTED_DEBUG=DETAIL')} says which call they are in",
        ),
    ),
    rule(
        r"NCCL error|nccl(?:System|UnhandledCuda|Internal|Remote)Error"
        r"|NCCL communicator was aborted",
        lambda seen: Cause(
            "nccl",
            "the ranks could not talk to each other (NCCL)",
            f"{seen.known.again('-e NCCL_DEBUG=INFO')} says why",
        ),
    ),
    rule(
        r"Connection closed by peer|Connection reset by peer.{0,200}gloo|DistStoreError",
        always(
            "rank_lost",
            "another rank has ended, and this one lost it",
            "look further up in the log for what the other one says: wf logs last",
        ),
    ),
    rule(
        r"Expected to have finished reduction in the prior iteration",
        always(
            "unused_parameters",
            "some parameters had no part in the loss",
            "`strategy='ddp_find_unused_parameters_true'`, or let the loss use all of them",
        ),
    ),
)
