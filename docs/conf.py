"""How Sphinx builds these pages: `make docs`, with warnings as errors."""

from runner import __version__

project = "wf"
author = "the authors of wf"
copyright = author  # noqa: A001 - Sphinx's name for it
version = release = __version__

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
nitpicky = True

myst_enable_extensions = ["attrs_inline", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"wf {release}"
html_static_path = ["_static"]
html_css_files = ["wf.css"]
html_copy_source = False
html_show_sphinx = False
