"""How fast a sender may write: pure rules, used alike by the sending, the sender's workflow and the forecast.

Moments are seconds since 1970 (UTC) and durations are seconds, both as floats: a forecast of thousands of sends
has to be quick.
"""
