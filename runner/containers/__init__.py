"""The daemon that runs containers (Docker, or Podman's compatible socket), spoken to by its SDK.

The only package that imports ``docker``, and only when a container is asked for.
"""
