"""Proves upper bounds of contact orders in cells of any size and any dimension, from moments (theory.md 2.8).

Takes a model at a true point and the number of atoms; returns the orders that its equations imply and the certificate
for the checker. All equations are linear in the moments of the offsets, whatever the number of atoms is."""
