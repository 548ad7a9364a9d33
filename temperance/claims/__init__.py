"""States the claims, and gathers their evidence.

Takes the ids of claims; returns a report with the legs and the outcome of each. `table` lists statements and required
legs; the other modules run the legs. Start with `table.CLAIMS`, then `verify.verify_claims`."""
