"""Writes verdicts as theorems for the proof assistant Coq, with the library that they are proved in.

In go activations with their certificates; out comes one file with a module for every activation: s and its domain as
Coq reads them, and a theorem for every verdict. Temperance.v holds the definitions of what is stated, its first part,
and a checker proved correct; the other files hold theorems on the mixtures. Coq need not be installed to write.
"""
