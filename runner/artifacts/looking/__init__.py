"""Looking for something among the files that runs keep."""
