"""What a paper needs of finished results: tables, a paragraph on methods, sources and figures, for LaTeX.

Sources are cited by the docstrings of plug-ins: by arXiv number, DOI, author and year, or the name that a source goes
by. `sources.bib` is the only place in which their entries are written down.
"""
