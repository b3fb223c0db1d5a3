"""One file a verb: ``parser()`` says what it takes, ``execute()`` does it and gives a code."""
