using MediaRelay.Qos.Gates;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Qos.IO.Links;

/// <content>Event ids 3100-3199.</content>
public sealed partial class PolicyServerLink
{
    [LoggerMessage(3100, LogLevel.Error, "The gate journal could not be written: {Cause}. No gate is asked for until it can; sessions go on without QoS.")]
    private static partial void LogJournalFailed(ILogger logger, string cause);

    [LoggerMessage(3101, LogLevel.Critical, "A listener for gate events failed at \"{Kind}\" of session {Session}; the others were told and the rest goes on.")]
    private static partial void LogListenerFailed(ILogger logger, Exception fault, GateEventKind kind, string session);
}
