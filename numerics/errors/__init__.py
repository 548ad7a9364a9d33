"""Measures how far an estimate is from the truth, and how fast that falls with n (theory 4.2, 9).

Takes fitted measures and the true one; returns Voronoi cells, losses, errors of groups of parameters, Hellinger
distances, and slopes of log error on log n with intervals and an outcome. Everything is modulo translation and
discrete symmetries, never modulo a scale. Start with `voronoi.group_errors`, then `slopes.log_slope`."""
