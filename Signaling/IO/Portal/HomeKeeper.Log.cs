using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Portal;

public sealed partial class HomeKeeper
{
    [LoggerMessage(4600, LogLevel.Error, "Homes and incidents could not be stored; the journal keeps the events and they are taken again in 2 s.")]
    private partial void LogNotStored(Exception exception);

    [LoggerMessage(4601, LogLevel.Critical, "The event of gateway {Gateway} at position {Position} could not be followed and is passed over; the journal still has it.")]
    private partial void LogPoison(Exception exception, string gateway, long position);
}
