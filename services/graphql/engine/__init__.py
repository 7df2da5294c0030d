"""How an operation is executed.

A document is parsed, validated and measured once and kept by its text (`document.py`, `limits.py`). A field is an
attribute of its source, a function of it, or batched: called once for all objects of a level (`fields.py`). What an
operation answers with is made in `execute.py`, its errors in `answers.py`.
"""
