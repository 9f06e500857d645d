"""What users of other mailing programs have reported, one file per story; none of it may happen here.

The stack is real, and the sandbox's journal is the judge: to everybody exactly once, nobody forgotten, and no
campaign closed before its time.
"""
