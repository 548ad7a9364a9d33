"""Checks certificates of upper bounds of orders that a theorem gives, by independent functions (theory.md 2.7, 2.10):
what the theorem assumes is proved from the model's formula alone. It shares with the other checkers how they read.
`both_sides` and `together` say what bounds and curves prove of one setting."""
