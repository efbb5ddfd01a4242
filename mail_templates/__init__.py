"""The words of every letter: a template each in ja/, and README.md for those who edit them."""
