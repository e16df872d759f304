"""What can go wrong while copy is written."""

from zerosum.errors import ZerosumError
from zerosum.studio.writing.refusals import Refusal
from zerosum.studio.writing.usage import Usage


class WritingError(ZerosumError):
    """Copy could not be written.

    Attributes:
        usage: what was spent all the same.
    """

    usage: Usage = Usage()


class AddressError(WritingError):
    """The address of an endpoint is not one that may be called."""


class EndpointError(WritingError):
    """The endpoint could not be reached, refused the request, or broke off.

    Attributes:
        status: the HTTP status; None where there was no answer.
        retry_after: seconds after which the server would be asked again; None if it did not say.
        refusal: the part of the request that the server does not take; None if it is not known.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        refusal: Refusal | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.refusal = refusal


class PictureRefusedError(EndpointError):
    """The model takes no pictures."""


class AnswerError(WritingError):
    """The model answered, twice, with something that is not the copy asked for."""


class WritingCancelledError(WritingError):
    """Whoever asked for copy no longer wants it."""
