"""Looking into files that training leaves behind, without any library that wrote them.

Each reader takes an open file, trusts nothing that it says, and keeps to a bound of memory whatever
it claims; what cannot be read is told in a sentence.
"""
