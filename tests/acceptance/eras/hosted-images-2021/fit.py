"""Fits a line by descent; the points come first, then the options."""

import argparse
import json

parser = argparse.ArgumentParser()
parser.add_argument("points")
parser.add_argument("--width", type=int)
parser.add_argument("--steps", type=int)
parser.add_argument("--rate", type=float)
options = parser.parse_args()
points = [tuple(map(float, line.split(","))) for line in open(options.points)]
slope = start = 0.0
for _ in range(options.steps):
    for x, y in points:
        error = slope * x + start - y
        slope, start = slope - options.rate * error * x, start - options.rate * error
print(json.dumps({"slope": round(slope, 1), "start": round(start, 1)}))
