"""A local Truecaller: the other side of the street, written from the protocol alone.

It is a process of its own and speaks real HTTP: it takes the request, rings a phone that a person or a test can tap,
posts the callback and hands out the profile. It imports nothing of `signup`, `dashboard` or `callback_server`, so that
a misreading on one side cannot hide on the other.

    web         HTTP in: Truecaller's two endpoints and the sandbox's own door
    phone_web   the phone alone, for a real one in the same network
    peers       whose request it is: this machine's, or another's
    guests      the one-time code that lets another machine in
    truecaller  who does what when: a request, a persona's script, a tap
    phones      what is remembered: ringing prompts and access tokens
    personas    reserved numbers, each with a fixed outcome; told by `listing`, out of the ranges of `numbers`
    profiles    made-up people
    deliver     callbacks out, with Truecaller's retries
    serve       all of it wired together on one port
"""
