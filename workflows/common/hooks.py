"""A module whose hooks cost less than its steps, however small these are."""

from __future__ import annotations

# where Lightning notes which hook is being called (2.6, `trainer/call.py`)
_CALLED = "_current_fx_name"


class QuickHooks:
    """To be the first base of a LightningModule.

    Lightning sets one attribute of it some fifty times a step, twice for each hook. Every time
    torch looks whether that is a parameter, a buffer or another module, which takes a twentieth of
    the time of a small network's training. A name is none of these.
    """

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute."""
        if name == _CALLED:
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)
