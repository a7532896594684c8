"""The Overview as one file to send around: its numbers, charts, errors and countries, without any program behind them.

    python -m dashboard.report --out FILE     what `python -m signup report` runs, and the Overview's button

pictures  a chart's specification as SVG and PNG
page      the numbers as HTML, written by hand: no script, no address outside of it
__main__  asks for the numbers and writes the file

It shows what the Overview shows, from the same rows, charts and words. It must not count, and names nobody.
"""
