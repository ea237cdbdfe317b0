using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Gateways;

internal sealed partial class PropertyProjector
{
    [LoggerMessage(4010, LogLevel.Warning, "Values of devices could not be stored; they are read from the journal again in 2 s.", EventName = "PropertiesNotStored")]
    private partial void LogNotStored(Exception exception);
}
