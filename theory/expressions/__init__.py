"""Works with real expressions in one variable: enclosures, sizes, sign changes and normal forms.

Takes SymPy expressions in z and parameters; returns ball enclosures and Taylor coefficients, intervals of constant
sign, or rewritten expressions. Powers that no researcher writes are refused. Start with
`balls.jet`. `arguments` judges the arguments of all that is public by their hints: it is here as every wing may use it."""
