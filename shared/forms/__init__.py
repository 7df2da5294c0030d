"""Reading what a client wrote: every problem of form is gathered, and told at once.

A form knows nothing of what stands in the database. It turns texts into values: what it returns for something that
is wrong is of no use, since `check()` raises before anybody looks at it.
"""

from shared.forms.form import COLOR, DEEPEST_JSON, EMAIL, LARGEST_JSON, LONGEST_NAME, LONGEST_NOTE, Form, Path
from shared.forms.sentences import NEEDED, NO_CURRENCY, NO_DATE, NOT_NULL
from shared.forms.values import phone_number, read_date, read_instant

__all__ = [
    "COLOR",
    "DEEPEST_JSON",
    "EMAIL",
    "LARGEST_JSON",
    "LONGEST_NAME",
    "LONGEST_NOTE",
    "NEEDED",
    "NOT_NULL",
    "NO_CURRENCY",
    "NO_DATE",
    "Form",
    "Path",
    "phone_number",
    "read_date",
    "read_instant",
]
