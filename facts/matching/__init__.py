"""How a question finds its fact. Pure: no I/O, no clock, no database, and no knowledge of any one subject."""
