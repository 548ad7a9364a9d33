"""Describes gates, experts and mixtures as symbolic data.

Takes a name and a dimension, a formula, or a user's own log weight and log density; returns a `MoESpec` whose atom is
the gate weight times the expert's density. No condition is decided here and nothing is computed with numbers. Start
with `spec.MoESpec`, or `by_name.model`; `gates`, `experts`: those of the literature; `formula_reader`: those of a user;
`form`: what a formula is, and coordinates in which a mean is linear; `spec.kinks`: where one is not smooth, and
`spec.weight_parameters`: what only scales it. `truth.Truth` holds the exact numbers of every atom, `truth.Setting`
cells and what is held; `order.Order` an interval for a contact order, how it was proved and what was measured;
`order.Reason` a kind that programs compare and a text that nothing parses."""
