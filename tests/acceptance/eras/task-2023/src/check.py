"""Looks at itself."""

import os

print("in", os.path.basename(os.getcwd()))
