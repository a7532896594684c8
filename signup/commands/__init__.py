"""The command line, `python -m signup COMMAND`: how a person or a script speaks to the program without a browser.

edge      picks the command, runs it, and translates what went wrong, once
exits     what a command's end tells the shell
parsing   options as texts become values, or one sentence that says why not
session   settings, log and services for the length of a command
progress  how far a long command is, and its end when somebody asks for it
output    JSON lines for programs, tables for people
and one module a group of commands: database, signups, audit, export, verify, record, stats, watch,
doctor, clock, scenario

A command asks the floors below and prints; it must not decide anything about a sign-up.
"""
