"""Decides which other parameters share the density of a truth: global identifiability (theory 2.3).

Takes an activation, a number of atoms and a gauge; returns the twins of almost every truth and of the special ones,
each with an exact identity. Start with `decision.twins`."""
