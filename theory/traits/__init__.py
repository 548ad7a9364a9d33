"""Computes what holds of a gate from its formula: what is held, what is translated, how many atoms a truth needs.

Takes a gate and a dimension; returns `Traits`, each with an identity where there is a symmetry, and a minor that balls
prove to be nonzero where there is none. Start with `traits.traits`; then `kernel`."""
