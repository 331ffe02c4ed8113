"""Tallies: counts that are kept up instead of counted anew, equal to a count of the rows at every moment.

A trigger marks a case in the transaction that changes it or an answer about it (`TallyMark`). A job *folds* marked
cases (`folding.py`): what the case counts as now (`facts.py`, from the measures of `rates.py`) against what it was
counted as (`TallyShare`), and the difference into the cells (`TallyCell`), in one transaction. A reader
(`reading.py`) adds cells, what is still marked, and the few numbers that only the moment decides, in one snapshot.
Docs: docs/decisions/0012-tallies-and-what-is-not-yet-in-them.md.
"""
