"""Finds what changes of the parameters leave the density unchanged, and which functions of them stay identifiable.

Takes the interactions of a model; returns flows, discrete symmetries, translations of scores and invariants, each
checked symbolically. Start with `flows.symmetries`. `traits.traits` computes what holds of a gate from its formula:
what is held, what is translated, how many atoms a truth needs; each by an identity, or by a minor that balls prove to
be nonzero. `derivation.derivation` writes all of it out in steps, as Markdown, LaTeX or cells of a notebook."""
