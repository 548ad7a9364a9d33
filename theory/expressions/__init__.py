"""Works with real expressions in one variable: enclosures, sizes, sign changes, normal forms, printing.

Takes SymPy expressions in z and parameters; returns ball enclosures and Taylor coefficients, intervals of constant
sign, rewritten expressions, or text. Everything is bounded in size, so that hostile numbers are refused and not
computed. Start with `balls.jet`."""
