"""Writes the interactions and symmetries of a model out as a derivation, step by step.

Takes interactions and symmetries; returns paragraphs, formulas and code that a reader can run, as Markdown, LaTeX or a
notebook. Start with `derivation.derivation`; `printing` turns it into text."""
