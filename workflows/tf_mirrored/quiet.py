"""What TensorFlow reads when it is imported: import this module first."""

from __future__ import annotations

import os

# It tells on each start how it was built; warnings and errors are shown. The caller's word wins.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
# oneDNN adds up in an order that depends on the CPU, and says so twice on each start
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
