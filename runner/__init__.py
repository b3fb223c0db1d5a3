"""wf: runs dstack-style workflow files on the machine you have.

The package is laid out in the order in which data flows; a stage imports only what stands to its
left: YAML text -> ``document`` -> ``spec`` -> ``plan`` -> ``workspace`` -> ``environments`` ->
``allocation`` -> ``executors`` -> ``artifacts`` -> ``records``. They meet in ``engine`` alone.
"""

__version__ = "0.1.0"
