using MediaRelay.Turn.IO.Shards;
using Microsoft.AspNetCore.Connections;

namespace MediaRelay.Turn.IO.Streams;

/// <summary>A connection in its TLS handshake: a stranger like those after it, so that silence there is no way around the limits.</summary>
internal sealed class HandshakingClient(ConnectionContext connection) : ClientConnection
{
    public override bool TrySend(ReadOnlySpan<byte> bytes, bool isMedia) => false;

    public override void Close() => connection.Abort();

    public override void MoveTo(RelayShard shard)
    {
    }
}
