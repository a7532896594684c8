"""Scenarios: a story of the sandbox as a file, played again by anybody and compared with what it expects.

    story   what may stand in such a file, and one sentence for what may not
    play    plays a story against everything that runs: start, tap, let time pass, send again, expect
    drawn   a fresh number of a persona for each run
    record  a story made of what happened to one sign-up
    junit   results in the form that CI readers take

Above the flow, whose steps it only calls. Sandbox mode alone: in live mode there is no phone to tap.
"""
