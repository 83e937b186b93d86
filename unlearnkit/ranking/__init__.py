"""Which methods are better: distances to the ideal, ranks, groups, and what of it could be chance.

A *cell* is a forget set and a metric: there every method has one distance to the ideal. A ranking is over cells.
In texts for readers a cell is a *comparison*.
Everything here is a function of arrays and rows of tables; `report.leaderboard` presents it.
"""
