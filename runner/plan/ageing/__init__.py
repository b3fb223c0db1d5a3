"""Code that has aged: what newer versions of packages removed, and where it is still used."""
