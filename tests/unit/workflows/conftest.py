"""Modules that the training scripts share are found as the scripts find them."""

from __future__ import annotations

import sys

from tests.conftest import ROOT

sys.path.append(str(ROOT / "workflows"))
