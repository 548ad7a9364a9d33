"""Decides the independence conditions of an activation (theory 3.1 to 3.3).

Takes an activation; returns verdicts (holds, fails or undecided) with relations, exceptional temperatures and
parameters, the mirror type, and certificates for the kernel. A failure is an exact relation; that a condition holds
is a determinant that a ball keeps away from 0. Start with `decision.decide`; `families` holds what is decided, and
`degeneracies` says what failures do to the model."""
