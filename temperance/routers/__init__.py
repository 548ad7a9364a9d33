"""Audits routers of torch models: finds them, and asks each whether anything undoes a change of its temperature.

Start with `audit`; all other files load torch."""
