using MediaRelay.Signaling.Gateways;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Gateways;

public sealed partial class GatewayLinks
{
    [LoggerMessage(4001, LogLevel.Information, "Gateway {Gateway} went from {From} to {To}: {Reason}", EventName = "GatewayPresence")]
    private partial void LogPresence(string gateway, PresenceState from, PresenceState to, string reason);

    [LoggerMessage(4002, LogLevel.Error, "Gateway {Gateway} is {To}, but the event could not be stored; it is tried again.", EventName = "GatewayPresenceNotStored")]
    private partial void LogPresenceNotStored(Exception exception, string gateway, PresenceState to);

    [LoggerMessage(4003, LogLevel.Warning, "The last signs of life of {Count} gateways could not be stored; they are tried again with the next.", EventName = "GatewaySeenNotStored")]
    private partial void LogSeenNotStored(Exception exception, int count);

    [LoggerMessage(4004, LogLevel.Warning, "Too many instructions wait for gateway {Gateway}. {Reason}", EventName = "GatewayQueueFull")]
    private partial void LogQueueFull(string gateway, string reason);

    [LoggerMessage(4005, LogLevel.Critical, "A listener failed on the events of gateway {Gateway} from position {Position} on; the events are stored and the other listeners heard them.", EventName = "EventListenerFailed")]
    private partial void LogHandlerFailed(Exception exception, string gateway, long position);
}
