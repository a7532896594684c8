"""The story of a sign-up, one module a step; reading them in this order is reading the product.

start     a number is typed, locked, sent to Truecaller
receive   a callback is stored, then answered
match     it is joined to its sign-up, parked or quarantined
complete  whoever claims the approval first fetches the profile
expire    what nobody answered ends
watch     the four above, whenever something happens
steps     the arrows between statuses, for all of them
signups   the same, read back for people
"""
