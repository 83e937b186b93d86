"""Reports: tables, figures and a page, made of scores and provenance alone."""
