"""The numbers: what the audit log says, counted. All of it can be counted again, so nothing here can fail a sign-up.

events -> rows.py: what one event does to a sign-up, or counts for by itself
    -> fold.py adds up what each row contributes (contribution.py) in the roll-ups; numbers.py answers from them
    -> history.py keeps every row in memory; stats.py counts them one by one, the slow proof (check.py)
"""
