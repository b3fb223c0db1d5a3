"""Draws a line in letters."""

import json
import sys

_, width, *files = sys.argv[1:]
line = json.load(open(files[0]))
with open("plot.txt", "w") as plot:
    for x in range(5):
        height = line["start"] + line["slope"] * x / 4
        plot.write("#" * round(height * int(width) / 4) + "\n")
print(len(files), "line,", width, "wide")
