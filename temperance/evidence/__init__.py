"""Produces the evidence for a claim, one module for each kind: proof, contact order, Monte Carlo (theory 9).

Takes verdicts, measured orders or slopes, and what the theory predicts; returns a leg: confirmed, contradicted or
inconclusive, with its data. `outcomes` combines legs to the outcome of a claim. Start there."""
