"""Document -> Workflow: the file's spellings validated by pydantic, then one neutral form. Pure."""
