"""Finds all linear relations among the derivatives of an atom, and the few that imply the others.

Takes a model (gate, expert, dimension) and an order; returns the relations, each verified by substitution, a proof of
the rank, and irredundant generators. Start with `interactions.derive`."""
