"""What is fetched from elsewhere: hosts that cannot be reached, and who may."""

from __future__ import annotations

import re

from runner.engine.failing.causes.rule import Rule, Seen, rule
from runner.engine.failing.failure import Cause

_HOST = re.compile(
    r"host='(?P<a>[\w.-]{1,200})'|https?://(?P<b>[\w.-]{1,200})"
    r"|(?:resolve|host|to) '?(?P<c>[\w-]+\.[\w.-]+)"
)


def _unreachable(seen: Seen) -> Cause:
    text = "\n".join((*seen.reading.error, *seen.reading.before, *seen.reading.end[-8:]))
    found = _HOST.search(text)
    host = next((group for group in found.groups() if group), None) if found else None
    said = f"{host or 'a host that it needs'} cannot be reached from this machine"
    return Cause(
        "network", said, "check the connection and the proxy (https_proxy), and run it again"
    )


def _wandb(seen: Seen) -> Cause:
    offline = seen.known.again("-e WANDB_MODE=offline")
    hint = f"wf secrets add WANDB_API_KEY, or without it: {offline}"
    return Cause("wandb_login", "Weights & Biases has no key to log in with", hint)


def _gated(_: Seen) -> Cause:
    said = "the Hugging Face Hub does not give that to somebody it does not know"
    return Cause("hub_login", said, "accept its terms on its page, then: wf secrets add HF_TOKEN")


def _refused(seen: Seen) -> Cause:
    return Cause(
        "http",
        f"a server answered {seen['code'] or seen['client']}",
        "the address has changed, or wants a login: open it in a browser",
    )


RULES: tuple[Rule, ...] = (
    rule(
        r"api_key not configured|wandb: ERROR .*(?:api[ _]key|not logged in)|wandb login"
        r"|wandb\.errors\.\S*(?:Authentication|Usage)Error",
        _wandb,
    ),
    rule(
        r"GatedRepoError|Access to (?:model|dataset) \S+ is restricted|401 Client Error.*hugg",
        _gated,
    ),
    rule(
        r"Temporary failure in name resolution|Name or service not known|NameResolutionError"
        r"|[Ff]ailed to (?:resolve|establish a new connection)|getaddrinfo failed"
        r"|Max retries exceeded|Network is unreachable|Could not resolve host"
        r"|No address associated with hostname"
        r"|^(?:\w+\.)*ConnectionRefusedError|Connection timed out",
        _unreachable,
    ),
    rule(r"HTTP Error (?P<code>[45]\d\d)|HTTPError: (?P<client>[45]\d\d) ", _refused),
)
