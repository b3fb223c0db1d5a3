"""A workflow of any era -> today's ``NAME.dstack.yml``, as dstack 0.22 reads it. Pure."""
