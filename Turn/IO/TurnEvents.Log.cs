using System.Net.Sockets;
using MediaRelay.Stun;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Turn.IO;

internal sealed partial class TurnEvents
{
    [LoggerMessage(1001, LogLevel.Warning, "{Method} refused for user {User} from {Client}/{Transport} with {Code}: {Reason}.", EventName = "RequestRefused")]
    private partial void LogRefused(StunMethod method, string user, TransportAddress client, ClientTransport transport, string code, string reason);

    [LoggerMessage(1002, LogLevel.Warning, "{Count} more refusals for the same reason ({Reason}) were not logged.", EventName = "RefusalsHeld")]
    private partial void LogHeld(int count, RefusalReason reason);

    [LoggerMessage(1003, LogLevel.Error, "Relay port {Address} could not be opened ({Error}). Another program may use ports of Turn:Ports.", EventName = "PortFailed")]
    private partial void LogPortFailed(TransportAddress address, SocketError error);

    [LoggerMessage(1004, LogLevel.Critical, "Relay shard {Shard} met an error that it should not and goes on with the next datagram.", EventName = "ShardFailed")]
    private partial void LogShardFailed(Exception exception, int shard);

    [LoggerMessage(1006, LogLevel.Warning, "{Count} answers to unverified sources were withheld on shard {Shard} since the last such line, the newest to {Source}: a flood, or more than 100 new clients a second behind one address.", EventName = "AnswersWithheld")]
    private partial void LogWithheld(long count, int shard, TransportAddress source);

    [LoggerMessage(1007, LogLevel.Critical, "{Count} more errors of that kind were not logged.", EventName = "FailuresHeld")]
    private partial void LogFailuresHeld(int count);

    [LoggerMessage(1005, LogLevel.Debug, "Allocation of user {User} from {Client} ended: {Cause}.", EventName = "AllocationGone")]
    private partial void LogGone(string user, TransportAddress client, AllocationEnd cause);
}
