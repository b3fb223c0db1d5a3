"""Points near a line."""

import sys

with open(sys.argv[1], "w") as file:
    for x in range(10):
        file.write(f"{x / 10},{3 * x / 10 + 1}\n")
print("10 points")
