"""When WhatsApp bans a number: the thresholds, and where each comes from.

WhatsApp publishes none for numbers that are linked by QR code. What is marked [D] is what operators report, [A]
what the vendor or Meta documents, [I] our assumption. CBF is the public program komi12345/ChatbotFrance, whose
requirements were written after its account was banned.
"""

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt


class BanRules(BaseModel):
    """Off until a test switches `bans` on: most tests send as fast as they can.

    Each rule adds its points to the score of a number whenever a message breaks it. Unless said otherwise, it
    looks only at messages to people who have not written to the number of late: whoever is answered does not
    complain [I].
    """

    model_config = ConfigDict(extra="forbid")

    bans: bool = False
    ban_score: float = Field(100.0, gt=0)  # from here on the number is banned; the unit of all points [I]
    ban_half_life_s: float = Field(12 * 3600.0, gt=0)  # a night's rest halves what is held against a number [I]
    ban_young_days: NonNegativeFloat = 10.0  # warm-up is said to take 7 to 14 days [D effess.in]
    ban_invited_for_s: NonNegativeFloat = (
        86400.0  # Meta's customer service window [A], assumed to count here too
    )

    # A machine's beat: a fixed 5 s with a pause every 50 got an account banned [D CBF], and a fixed interval is
    # said to be a signal by itself [D effess.in]. Gaps of 2 to 4 s around a mean of 3 s, the least varied of
    # careful senders, vary by 0.13 on average and now and then by 0.08 only; a beat that is up to 10 % off
    # varies by less than 0.06 [I].
    ban_beat_gaps: int = Field(30, ge=3)
    ban_beat_variation: NonNegativeFloat = 0.06  # standard deviation by mean
    ban_beat_longest_gap_s: NonNegativeFloat = 60.0
    ban_beat_points: NonNegativeFloat = 3.0

    # Gaps "never under 10 s" on a new number [D CBF]; 2 s is the shortest of any advice for an old one [I].
    ban_gap_s: NonNegativeFloat = 2.0
    ban_gap_young_s: NonNegativeFloat = 10.0
    ban_gap_points: NonNegativeFloat = 5.0
    ban_slack: float = Field(
        0.1, ge=0, lt=1
    )  # the network shortens a gap or a pause by a tenth at the most [I]

    ban_per_minute: PositiveInt = 4  # of a young number [D CBF]
    ban_per_minute_over_s: float = Field(600.0, gt=0)  # kept up that long; a lively minute harms nobody [I]
    ban_per_minute_points: NonNegativeFloat = 2.0

    # 20 to 30 a day at first, then 50, 200, 500 [D molt.waiflow.app, effess.in]; 1000 a day is what careful
    # senders of old numbers plan with [I]. The factor is for the rolling 24 h, which see parts of two days: a
    # number that sent 500 late on one day and 1000 early on the next has done nothing wrong [I].
    ban_warm_up: list[PositiveInt] = [20, 50, 200, 500, 1000]  # by day of life
    ban_per_day: PositiveInt = 1000
    ban_volume_factor: float = Field(1.5, ge=1)
    ban_volume_points: NonNegativeFloat = 5.0

    ban_night_starts: int = Field(23, ge=0, le=23)  # o'clock where the number is [D CBF]; of young numbers
    ban_night_ends: int = Field(6, ge=0, le=23)
    ban_night_points: NonNegativeFloat = 5.0

    # Breaks of minutes after 20, 40, 60, 100 in a row [D CBF]: nobody types 120 messages without one [I].
    ban_run: PositiveInt = 120  # of a young number
    ban_run_pause_s: NonNegativeFloat = 180.0
    ban_run_points: NonNegativeFloat = 2.0

    # Shares of the last messages, answers included. Reports ban numbers [A FAQ], many recipients who are not on
    # WhatsApp are a signal [D]; how many it takes is not known [I].
    ban_share_of: PositiveInt = 100
    ban_share_from: PositiveInt = 20  # below this many a share says nothing
    ban_unknown_share: float = Field(0.1, ge=0, le=1)
    ban_unknown_points: NonNegativeFloat = 6.0
    ban_reported_share: float = Field(0.03, ge=0, le=1)
    ban_reported_points: NonNegativeFloat = 12.0

    # The same text to many is a signal [D], but every campaign repeats itself, so it never bans alone [I].
    ban_identical_share: float = Field(0.9, ge=0, le=1)
    ban_identical_points: NonNegativeFloat = 0.5
    ban_identical_most: NonNegativeInt = 20
