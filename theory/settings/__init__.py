"""Holds a true mixture, what is fitted to it, and what is known of its parameters.

Takes a `MoESpec`; returns records that go from theory to the screen: `truth.Truth` (exact numbers of every atom),
`truth.Setting` (cells and what is held), `order.Order` (an interval for a contact order, how it was proved, what was
measured) and `reasons.Reason` (a kind that programs compare, a text that nothing parses); `losses`: what is minimised.
Start with `truth`."""
