"""Collecting, step by step: what is declared is found, moved or copied, and what is amiss said."""
