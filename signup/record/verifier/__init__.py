"""What goes into every bundle beside the rows: the program that checks it, and the words about what that proves."""
