using MediaRelay.Dtls;
using MediaRelay.Turn.IO.Shards;

namespace MediaRelay.Turn.IO.Dtls;

/// <summary>A client over DTLS. Its session belongs to the DTLS thread; the shard's messages reach it through <see cref="DtlsOutbox"/>.</summary>
internal sealed class DtlsClient(DtlsSession session, int descriptor, DtlsOutbox outbox) : ClientConnection
{
    public DtlsSession Session => session;

    public int Descriptor => descriptor;

    public RelayShard Shard { get; set; } = null!;

    /// <summary>End of the handshake's time.</summary>
    public TimeSpan Deadline { get; set; }

    public TimeSpan LastHeard { get; set; }

    /// <summary>When its timer is due; zero without one. Changed only while no timer is set.</summary>
    public TimeSpan Scheduled { get; set; }

    public LinkedListNode<DtlsClient>? HalfOpen { get; set; }

    public bool IsEnded { get; set; }

    public override bool TrySend(ReadOnlySpan<byte> bytes, bool isMedia) => outbox.TryPost(this, bytes);

    public override void Close() => outbox.PostClose(this);

    public override void MoveTo(RelayShard shard) => Shard = shard;
}
