"""The floors of the house are really watched."""
