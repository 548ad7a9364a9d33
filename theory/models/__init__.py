"""Describes gates, experts and mixtures as symbolic data.

Takes a name and a dimension, a formula, or a user's own log weight and log density; returns a `MoESpec` whose atom is
the gate weight times the expert's density. No condition is decided here and nothing is computed with numbers. Start
with `spec.MoESpec`, or `by_name.model`; `gates`, `experts`: those of the literature; `formulas`: those of a user;
`form`, `renaming`: what a formula is; `kinks`: where one is not smooth."""
