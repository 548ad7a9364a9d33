"""Lists the claims (docs/claims.md), the checks that each requires, and what runs and shows them.

Takes ids of claims; returns their outcomes with the evidence. Start with `table`; `verify` runs it, `legs` has what the
checks of several claims share, `page` shows the evidence as HTML."""
