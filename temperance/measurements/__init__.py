"""Measures rates and contact orders of a user's own setting, judges slopes, and holds results that are kept in data/.

Takes a setting or a study's result; returns records as commands print them. Start with `atlas`, `slopes` or
`judgement`, which has the outcomes of all checks (theory 9)."""
