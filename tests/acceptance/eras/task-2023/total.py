"""Adds numbers."""

import os
import sys

numbers = [int(line) for line in open(sys.argv[1])]
print("total", sum(numbers) * int(os.environ["SCALE"]), *sys.argv[2:])
