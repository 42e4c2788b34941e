"""Looks at what was trained: finds runs, sums each up, filters and sorts them, describes one, compares two."""
