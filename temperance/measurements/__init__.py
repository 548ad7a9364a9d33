"""Defines rate studies, runs contact orders of a user's own setting, and keeps the results that the repository shows.

Takes a gate, a true point (a JSON file or a documented default) and sizes; returns slopes or orders beside the
predicted ones. Stored results are in data/, each with the command that makes it again. Start with `rate_study`."""
