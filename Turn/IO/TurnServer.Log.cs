using MediaRelay.Stun;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Turn.IO;

internal sealed partial class TurnServer
{
    [LoggerMessage(1010, LogLevel.Information, "Listening on {Address} over {Transport}.", EventName = "Listening")]
    private partial void LogListening(TransportAddress address, ClientTransport transport);

    [LoggerMessage(1011, LogLevel.Information, "Relaying with {Shards} shards over {Mechanism} on {Addresses}, ports {Ports}.", EventName = "Started")]
    private partial void LogStarted(int shards, string mechanism, string addresses, string ports);

    [LoggerMessage(1012, LogLevel.Warning, "The kernel refused the socket filter: control messages share their receive buffer with media.", EventName = "Unsteered")]
    private partial void LogUnsteered();

    [LoggerMessage(1013, LogLevel.Warning, "Neither users nor secrets are configured, so nobody can allocate. Set Turn:AuthSecretFile or Turn:UsersFile.", EventName = "NoCredentials")]
    private partial void LogNoCredentials();

    [LoggerMessage(1014, LogLevel.Information, "Draining: new allocations are refused or redirected, {Count} go on.", EventName = "Draining")]
    private partial void LogDraining(int count);

    [LoggerMessage(1015, LogLevel.Information, "Drained: no allocation is left.", EventName = "Drained")]
    private partial void LogDrained();

    [LoggerMessage(1016, LogLevel.Warning, "The drain time is over; {Count} allocations end now.", EventName = "DrainTimeout")]
    private partial void LogDrainTimeout(int count);
}
