using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Gateways;

internal sealed partial class PropertyProjector
{
    [LoggerMessage(4010, LogLevel.Warning, "Values of devices could not be stored; they are read from the journal again in 2 s.", EventName = "PropertiesNotStored")]
    private partial void LogNotStored(Exception exception);

    [LoggerMessage(4011, LogLevel.Critical, "The event of gateway {Gateway} at position {Position} could not be followed and is passed over; its values are missing.", EventName = "PropertyEventPoisoned")]
    private partial void LogPoison(Exception exception, string gateway, long position);
}
