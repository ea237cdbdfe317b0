using System.Net;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Qos.IO.Links;

/// <content>Event ids 3000-3099.</content>
internal abstract partial class EngineLoop
{
    [LoggerMessage(3000, LogLevel.Critical, "A gate control input on link {Link} raised a fault; that connection was closed and the rest goes on.")]
    private partial void LogFault(Exception fault, int link);

    [LoggerMessage(3001, LogLevel.Warning, "A gate control connection from {Peer} was refused: the address is not in the list of allowed peers.")]
    private partial void LogRefused(IPAddress peer);

    [LoggerMessage(3002, LogLevel.Information, "Connected to {Address} for gate control.")]
    private partial void LogConnected(IPEndPoint address);

    [LoggerMessage(3003, LogLevel.Warning, "No gate control connection to {Address}: {Cause}. Trying again with growing pauses.")]
    private partial void LogConnectFailed(IPEndPoint address, string cause);

    [LoggerMessage(3004, LogLevel.Warning, "A gate control connection from {Peer} was not taken: {Cause}.")]
    private partial void LogHandshakeFailed(IPAddress peer, string cause);

    [LoggerMessage(3005, LogLevel.Warning, "A gate control connection could not be accepted: {Cause}. The listener stays.")]
    private partial void LogAcceptFailed(string cause);

    [LoggerMessage(3006, LogLevel.Critical, "Gate control failed inside. Its connections were closed and it starts again in {Pause}.")]
    private partial void LogRestart(Exception fault, TimeSpan pause);
}
