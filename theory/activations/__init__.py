"""Turns a name or a text into an activation: smooth pieces on intervals.

Takes a name of the catalogue or of a library, or an expression in z; returns an `Activation` with one formula for
each interval, or raises ValueError with what is accepted. Text is read by a whitelist parser and never evaluated.
Start with `activation.activation`, then `piecewise`."""
