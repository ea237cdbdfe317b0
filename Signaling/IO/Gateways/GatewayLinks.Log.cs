using MediaRelay.Signaling.Gateways;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Gateways;

public sealed partial class GatewayLinks
{
    [LoggerMessage(4001, LogLevel.Information, "Gateway {Gateway} went from {From} to {To}: {Reason}", EventName = "GatewayPresence")]
    private partial void LogPresence(string gateway, PresenceState from, PresenceState to, string reason);

    [LoggerMessage(4002, LogLevel.Error, "Gateway {Gateway} is {To}, but the event could not be stored.", EventName = "GatewayPresenceNotStored")]
    private partial void LogPresenceNotStored(Exception exception, string gateway, PresenceState to);

    [LoggerMessage(4003, LogLevel.Warning, "The last signs of life of {Count} gateways could not be stored; they are tried again with the next.", EventName = "GatewaySeenNotStored")]
    private partial void LogSeenNotStored(Exception exception, int count);
}
