"""What can go wrong with the embedded stack; each message says what happened and what to do next."""


class StackError(Exception):
    """The root of everything that this package reports."""


class ProcessStartError(StackError):
    """A process could not be started, or never became ready."""


class PortBusyError(StackError):
    """A port that the stack wants is held by somebody else."""


class DataDirInUseError(StackError):
    """Another stack works in the same data directory."""


class InstallationError(StackError):
    """Something that the stack needs is missing from this machine or this installation."""


class UnknownComponentError(StackError):
    """A component was named that the stack does not have."""
