"""Adds digits."""

import sys

total = sum(int(digit) for digit in open(sys.argv[1]).read())
with open(sys.argv[2], "w") as file:
    file.write(str(total))
print("sum", total)
