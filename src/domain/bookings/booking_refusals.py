"""Why a booking refuses what was asked of it."""

from domain.shared.errors import Conflict, InvalidInput, NotAllowed, NotFound


class BookingNotFound(NotFound):
    title = "There is no such booking"


class OnlyTheCaregiver(NotAllowed):
    title = "Only the caregiver of the booking may do this"


class OnlyTheOwner(NotAllowed):
    title = "Only the owner of the booking may do this"


class OnlyAnUninvolvedAdmin(NotAllowed):
    title = "Only an admin who is no party of the booking may do this"


class ContactNotRevealed(Conflict):
    title = "Contact data is revealed once the booking is paid"


class SlotTaken(Conflict):
    title = "The caregiver has no free place then"


class BookingNotPending(Conflict):
    title = "The booking is not pending"


class AnswerOverdue(Conflict):
    title = "The time to answer is over"


class TermsChanged(Conflict):
    title = "The owner has changed the booking meanwhile; look at it again"


class BookingNotAccepted(Conflict):
    title = "The booking is not accepted"


class PayWindowNotOpen(Conflict):
    title = "The booking cannot be paid yet"


class PayWindowClosed(Conflict):
    title = "The time to pay is over"


class BookingNotCancellable(Conflict):
    title = "The booking cannot be cancelled"


class AlreadyMet(Conflict):
    title = "A meet-and-greet is there for who has not met or booked yet"


class NothingToPay(Conflict):
    title = "A meet-and-greet is free"


class BookingNotChangeable(Conflict):
    title = "The booking cannot be changed"


class QuoteForSomethingElse(InvalidInput):
    title = "The quote must be for the caregiver and the service of the booking"


class NothingChanges(InvalidInput):
    title = "The quote is for the dates and pets that the booking has already"


class NoChangeProposed(Conflict):
    title = "No change of the booking was asked for"


class ChangeOverdue(Conflict):
    title = "The time for the change is over; ask for it again"


class ChangeNotAccepted(Conflict):
    title = "The caregiver has not agreed to the change yet"


class ChangeTooFarAhead(Conflict):
    title = "A paid booking cannot be moved that far ahead"


class BookingNotPaid(Conflict):
    title = "The booking is not paid"


class CheckInTooEarly(Conflict):
    title = "It is too early to check in"


class BookingNotInProgress(Conflict):
    title = "The booking is not in progress"


class BookingNotDisputable(Conflict):
    title = "The booking cannot be disputed"


class DisputeWindowClosed(Conflict):
    title = "The time to dispute is over"


class BookingNotDisputed(Conflict):
    title = "The booking is not disputed"


class NothingToGiveBack(Conflict):
    title = "So much cannot be given back"
