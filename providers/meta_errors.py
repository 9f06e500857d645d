"""What Meta's error codes mean for a send. What counts is `error.code`; titles and HTTP statuses change.

Not in a list: refused for good when it comes with a 4xx, unknown otherwise.
"""

# The account, its token, its templates: the next contact would fare no better, so the sender stops.
STOPPING = frozenset(
    {
        0,  # the token is not accepted
        3,  # no permission for this call
        10,  # permission not granted
        33,  # the number has been deleted
        190,  # the token has expired, or was revoked
        368,  # blocked for a violation of policy
        131005,  # access denied
        131031,  # the account is locked
        131042,  # no payment method
        131045,  # the number is not registered as it should be
        131048,  # too many people block or report this number
        132000,  # the template takes another number of parameters
        132001,  # there is no such template in this language
        132005,  # the template with its text is too long
        132007,  # the template violates a policy
        132012,  # the template takes other parameters
        132015,  # the template is paused
        132016,  # the template is disabled
        133010,  # the number is not registered
    }
) | frozenset(range(200, 300))  # permissions

# "Invalid parameter", mostly a fault of one message. With this subcode the object in the path is what is wrong:
# there is no such phone number, or it is not the token's to use.
INVALID = 100
NO_SUCH_OBJECT = 33

# Certainly not sent, and worth trying later: seconds until then.
BUSY_S = {
    4: 60.0,  # calls of the app
    80007: 60.0,  # calls of the business account
    130429: 5.0,  # messages per second of the number
    131056: 10.0,  # messages of this number to this person
    131057: 120.0,  # the account is being upgraded
}
PAIR_LIMIT = 131056
# "Something went wrong": whether before or after the message left is not said.
UNCLEAR = frozenset({1, 2, 131000, 131016})

OPTED_OUT = 131050
ACCOUNT_FAILED = frozenset({368, 131031, 131048})

# In words that help, where Meta's own do not.
MEANINGS = {
    33: "this phone number has been deleted at Meta",
    131026: "undeliverable: the number is not on WhatsApp, or its app is too old",
    131047: "the window of 24 hours since the last reply is over: nothing free-form may be sent",
    131049: "not delivered, to keep this person from too many marketing messages",
    131050: "this person has stopped marketing messages",
    132005: "the template with its text is longer than Meta takes: shorten one of them",
}
