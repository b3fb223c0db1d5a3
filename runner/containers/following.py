"""What comes in another form than a descriptor has it, as the bytes that can be waited for."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Following:
    """The bytes of a stream that is taken out of HTTP's pieces, or deciphered, on its way.

    It ends as well when the daemon does.
    """

    def __init__(self, pieces: Iterable[bytes], close: Callable[[], None]) -> None:
        """``close`` is called when there are no more ``pieces``, or nobody wants them."""
        self._pieces, self._close = pieces, close
        self._reading, self._writing = os.pipe()
        threading.Thread(target=self._pass_on, name="stream", daemon=True).start()

    def fileno(self) -> int:
        """Readable when something has come, or nothing will any more."""
        return self._reading

    def close(self) -> None:
        """Read no more."""
        os.close(self._reading)

    def _pass_on(self) -> None:
        # whatever ends it: how much has come by then shows when it is asked for again
        with suppress(Exception):
            for chunk in self._pieces:
                view = memoryview(chunk)
                while view:
                    view = view[os.write(self._writing, view) :]
        os.close(self._writing)
        with suppress(Exception):
            self._close()
