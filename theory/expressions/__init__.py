"""Works with real expressions in one variable: enclosures, normal forms and sign changes.

Takes SymPy expressions in z and parameters; returns ball enclosures and Taylor coefficients, intervals of constant
sign, or rewritten expressions. Powers that no researcher writes are refused. Start with
`balls.jet`. `arguments` judges what public functions are given, by their hints; it is here for every wing to use."""
