"""What `./dev` says when it cannot go on: a sentence for the person at the terminal, without a traceback."""


class Refusal(Exception):
    """Its text is all that is shown."""
