"""One file for each letter of a text."""

import os
import sys

for letter in sorted(set("tree")):
    with open(os.path.join(sys.argv[1], letter), "w") as file:
        file.write(str("tree".count(letter)))
