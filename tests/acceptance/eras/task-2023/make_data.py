"""Writes numbers."""

import os
import sys

os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
with open(sys.argv[1], "w") as file:
    file.write("\n".join(map(str, range(1, 11))))
