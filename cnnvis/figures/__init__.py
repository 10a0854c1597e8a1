"""Figures: each is a function of arrays that returns a matplotlib figure, made without pyplot."""
