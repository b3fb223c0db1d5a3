"""How runs end, or are brought to their end when nobody did it."""
