"""Names of runs: adjective-animal-N, as every dstack since 0.0.7 gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ADJECTIVES = (
    "able", "agile", "amber", "ample", "apt", "azure", "balmy", "bold", "brave", "brief", "bright",
    "brisk", "calm", "candid", "clean", "clear", "clever", "cosy", "crisp", "curly", "dapper",
    "deft", "eager", "early", "easy", "fair", "fancy", "fast", "fine", "firm", "fleet", "fond",
    "frank", "free", "fresh", "gentle", "giddy", "glad", "golden", "good", "grand", "great",
    "green", "handy", "happy", "hardy", "honest", "humble", "ideal", "jolly", "keen", "kind",
    "large", "light", "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mild", "modest",
    "neat", "new", "nice", "nimble", "noble", "odd", "open", "patient", "plain", "polite", "proud",
    "pure", "quick", "quiet", "rapid", "rare", "ready", "rosy", "round", "royal", "safe", "sharp",
    "shy", "silent", "silver", "simple", "sleek", "slow", "smart", "smooth", "snug", "soft",
    "solid", "sound", "spry", "stable", "steady", "still", "stout", "sunny", "super", "sweet",
    "swift", "tall", "tame", "tidy", "tiny", "tough", "true", "trusty", "upbeat", "vivid", "warm",
    "wet", "wide", "wild", "wise", "witty", "young", "zesty",
)  # fmt: skip
ANIMALS = (
    "ant", "ape", "badger", "bat", "bear", "beaver", "bee", "bird", "bison", "boar", "camel",
    "cat", "cobra", "cod", "colt", "condor", "coyote", "crab", "crane", "crow", "deer", "dingo",
    "dodo", "dog", "dove", "duck", "eagle", "eel", "elk", "emu", "falcon", "fish", "flea", "fly",
    "fox", "frog", "gecko", "goat", "goose", "gull", "hare", "hawk", "hen", "heron", "horse",
    "ibex", "ibis", "jackal", "jay", "kiwi", "koala", "lamb", "lark", "lemur", "lion", "lizard",
    "llama", "lynx", "magpie", "mole", "moose", "moth", "mouse", "mule", "newt", "octopus", "orca",
    "otter", "owl", "ox", "panda", "parrot", "pig", "pony", "puma", "quail", "rabbit", "ram",
    "rat", "raven", "robin", "seal", "shark", "sheep", "shrew", "skunk", "sloth", "snail",
    "snake", "sparrow", "spider", "squid", "stork", "swan", "tapir", "tiger", "toad", "trout",
    "turtle", "viper", "vole", "walrus", "wasp", "weasel", "whale", "wolf", "wombat", "worm",
    "wren", "yak", "zebra",
)  # fmt: skip


def candidates(choose: Callable[[Sequence[str]], str]) -> Iterator[str]:
    """Names to try in turn: one pair, and the first number that is free."""
    pair = f"{choose(ADJECTIVES)}-{choose(ANIMALS)}"
    number = 1
    while True:
        yield f"{pair}-{number}"
        number += 1
