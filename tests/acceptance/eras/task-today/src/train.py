"""Makes weights of a seed."""

import argparse
import os
import random

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int)
parser.add_argument("--out")
parser.add_argument("--rate", type=float, default=0.1)
options = parser.parse_args()
random.seed(options.seed)
with open(options.out, "w") as file:
    file.write(" ".join(str(random.randrange(10)) for _ in range(4)))
print(os.environ["GREETING"], options.seed, options.rate)
