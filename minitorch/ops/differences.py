"""Differences of neighbours and areas below points: `diff`, `gradient`, `trapezoid`."""
