"""What is done to an environment after it is ready, while its first job runs already.

Its lock is written, its packages are compiled to bytecode, and its folders are made read-only.
"""
