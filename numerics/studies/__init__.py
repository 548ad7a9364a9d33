"""Defines and runs rate studies, and measures how far estimates are from the truth and how fast that falls.

Takes a `Study`, the definition of all that determines the outcome, and runs every replicate once on any number of
workers, into a store if there is one; returns errors, slopes and shares of dropped fits. Samples are points, or counts
on a lattice for n up to 10^15. The studies of the claims are fixed in `claim_studies`, seeds and all. Start with
`study.Study`, then `run.run_study`; with `errors.group_errors`, then `slopes.log_slope`, for errors alone.
"""
