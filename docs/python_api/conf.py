"""Pages of the Python interface: `python -m sphinx -W docs/python_api OUT`, with morula installed."""

import morula

project = "Morula"
author = "The Morula authors"
version = release = morula.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
html_theme = "alabaster"
autodoc_typehints = "none"
numpydoc_show_class_members = False
nitpicky = False
