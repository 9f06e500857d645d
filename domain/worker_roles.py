"""What a worker process does. One process does all of it; many may share it out."""

from enum import StrEnum


class WorkerRole(StrEnum):
    """One kind of work, for which any number of processes may be there."""

    WORKFLOWS = "workflows"  # workflow code, and the activities that are not paced
    SENDING = "sending"  # the paced queues of the senders
    UPKEEP = "upkeep"  # the relay of webhooks, due starts, alerts, retention
