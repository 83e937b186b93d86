"""What a run needs, examined section by section; every section is a module with `examine(case) -> findings`.

A section imports what may be broken inside `examine`, so that the others can still be examined.
"""
