"""Finds what changes of the parameters leave the density unchanged, and which functions of them stay identifiable.

Takes the interactions of a model; returns flows, discrete symmetries, translations of scores and invariants, each
checked symbolically. Start with `flows.symmetries`."""
