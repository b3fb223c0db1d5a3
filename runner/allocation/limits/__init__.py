"""How much of the machine wf may use, as limits files say. Pure."""
