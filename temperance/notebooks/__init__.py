"""Executes notebooks, compares what they show, and sets their parameters.

Takes an .ipynb file, which is its own source, and values for its parameters; returns it executed, with the cells
whose output is not the one shown. Nothing in an output depends on time, path or version. Start with `execution`."""
