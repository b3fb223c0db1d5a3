"""What the training scripts share: data that is fetched or replaced, phases, pictures, flags.

A script finds it by the folder above its own, so that ``python workflows/mnist/train.py`` works
anywhere. Each module imports only what it needs; importing the package imports nothing.
"""
