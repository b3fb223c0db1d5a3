"""Counts a word in a text."""

import os
import sys

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
found = given["--text"].split().count(given["--word"])
with open(os.path.join("counts", os.environ["RUN_NAME"], "count"), "w") as file:
    file.write(str(found))
print(given["--word"], "stands there", found, "times")
