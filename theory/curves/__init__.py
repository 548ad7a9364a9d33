"""Checks certificates of curves of mixtures, from the model's formula alone (`curve_checker`); it shares with the other
checkers how they refuse and read (`checker.rejected`), and imports nothing else of ours."""
