"""Learns words by heart."""

import argparse
import os

parser = argparse.ArgumentParser()
parser.add_argument("--gpus")
parser.add_argument("--epochs", type=int)
parser.add_argument("--learning-rate")
parser.add_argument("--seed")
options = parser.parse_args()
print(options.learning_rate, options.seed, os.environ["LEARNING_RATE"], os.environ["DEBUG"])
print(os.environ["GREETING"], os.environ["FROM_BEFORE"])
with open("data/words") as file:
    known = file.read().split()
for epoch in range(options.epochs):
    print("epoch", epoch + 1, known[epoch])
with open(os.path.join("model", os.environ["RUN_NAME"], "known"), "w") as file:
    file.write(" ".join(known))
