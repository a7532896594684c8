"""Everything that is true about a sign-up: no Streamlit, no Flask, no pandas in here.

The data's way, and where to read it:

    1  a number is typed, checked, masked             phone, flow/start
    2  one statement takes or refuses the lock        flow/start
    3  Truecaller is asked to make the phone ring     truecaller/client
    4  a callback is stored, then answered            callback_server, flow/receive
    5  it is joined to its sign-up, or set aside      flow/match
    6  whoever claims it first fetches the profile    flow/complete
    7  what nobody answered ends                      flow/expire
    8  what happened is sealed into the audit log     record/seal
    9  and counted                                    measure
    10 and drawn                                      dashboard

Each floor sees only what is below it: flow, then measure and doctor, record, services, then store and truecaller.
"""
