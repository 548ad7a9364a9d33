"""Writes reports as HTML, one file each that loads nothing.

Takes the report of a verification or a derivation; returns a page with plots, formulas as MathML, studies and
certificates. The templates are in templates/. Start with `pages`."""
