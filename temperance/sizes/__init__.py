"""Answers questions about the number of experts, one function for each command of `temperance COMMAND`.

Takes a model or data; returns an `Answer` with what it says. Start with `coefficient`."""
