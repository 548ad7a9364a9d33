"""Defines and runs rate studies.

Takes a `Study`, the definition of all that determines the outcome, and runs every replicate once on any number of
workers, into a store if there is one; returns errors, slopes and shares of dropped fits. The studies of the claims
are fixed in `claim_studies`, seeds and all. Start with `study.Study`, then `run.run_study`."""
