"""Scenarios: a story of the sandbox as a file, played again by anybody and compared with what it expects.

    story   what may stand in such a file, and one sentence for what may not
    play    plays a story against everything that runs: start, tap, let time pass, send again, expect
    drawn   a fresh number of a persona for each run
    seen    how a sign-up stands beside what is expected
    ready   what must run before a story is played
    turn    one story at a time, whoever plays it
    record  a story made of what happened to one sign-up
    result  what came of it; `junit` tells that in the form that CI systems read

Above the flow, whose steps it only calls. Sandbox mode alone: in live mode there is no phone to tap.
"""
