"""A tree of letters."""

import argparse
import os

parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int)
parser.add_argument("--mark", default="/")
options = parser.parse_args()
letters = sorted(os.listdir("letters"))
tree = options.mark.join(letters[: options.depth])
with open("model/tree", "w") as file:
    file.write(tree)
print(tree)
