using Microsoft.Extensions.Logging;

namespace MediaRelay.Gateway.Session;

public sealed partial class GatewayRuntime
{
    [LoggerMessage(5001, LogLevel.Information, "Gateway {Gateway} is connected; {Backlog} events wait.", EventName = "GatewayConnected")]
    private partial void LogConnected(string gateway, int backlog);

    [LoggerMessage(5002, LogLevel.Warning, "Gateway {Gateway} lost the Event Server; events are kept and sent later.", EventName = "GatewayDisconnected")]
    private partial void LogLost(string gateway);

    [LoggerMessage(5003, LogLevel.Warning, "The hello of gateway {Gateway} was answered {Status}.", EventName = "HelloRefused")]
    private partial void LogHelloRefused(string gateway, int status);

    [LoggerMessage(5004, LogLevel.Error, "Event {Seq} of gateway {Gateway} was refused for good: {Code}.", EventName = "EventRefused")]
    private partial void LogRejected(string gateway, ulong seq, string code);

    [LoggerMessage(5005, LogLevel.Error, "The adaptor of gateway {Gateway} failed on device {Device}.", EventName = "AdaptorFault")]
    private partial void LogAdaptorFault(Exception exception, string gateway, string device);

    [LoggerMessage(5006, LogLevel.Error, "The media side of gateway {Gateway} failed on {Kind}.", EventName = "MediaFault")]
    private partial void LogMediaFault(Exception exception, string gateway, string kind);

    [LoggerMessage(5012, LogLevel.Error, "Gateway {Gateway} could not read the instructions of an answer: {Reason}", EventName = "InstructionsUnreadable")]
    private partial void LogUnreadable(string gateway, string reason);

    [LoggerMessage(5009, LogLevel.Warning, "The clock of gateway {Gateway} was {Behind:0.0} s behind the Event Server's; the server's is used, the system's is left as it is.", EventName = "ClockCorrected")]
    private partial void LogClock(string gateway, double behind);

    [LoggerMessage(5010, LogLevel.Error, "The Event Server knows event {Stored} of gateway {Gateway}, which knows of {Known} at most: its queue is an older one. What waits is numbered anew.", EventName = "EventCounterLost")]
    private partial void LogCounterLost(string gateway, ulong stored, ulong known);

    [LoggerMessage(5011, LogLevel.Error, "Clip {Clip} of gateway {Gateway} was refused with {Status}; it is given up.", EventName = "ClipRefused")]
    private partial void LogClipRefused(string gateway, string clip, int status);

    [LoggerMessage(5008, LogLevel.Critical, "A loop of gateway {Gateway} met a fault of this program; it starts again.", EventName = "GatewayLoopFault")]
    private partial void LogLoopFault(Exception exception, string gateway);

    [LoggerMessage(5007, LogLevel.Warning, "Gateway {Gateway} could not fetch {Resource}.", EventName = "DownloadFailed")]
    private partial void LogDownloadFailed(Exception exception, string gateway, string resource);
}
