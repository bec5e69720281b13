"""
A fuzzer of the wire: ``python -m tests.fuzz``.

It sends frames to a gateway that is a process of its own: messages of every kind that there is in
``dash_interop/wire``, right and wrong ones, over several connections at a time, also what is below
messages. Meanwhile two peers call each other. The gateway must never log a traceback, nor close a
connection with 1011; every call of the two has to be right; and when all have gone, its tables have
to be empty and its memory has to be what it was.
"""
