using MediaRelay.Stun;

namespace MediaRelay.Turn.Client;

/// <summary>One request on its way, with what is needed to repeat it after a challenge.</summary>
internal sealed class Transaction(StunMethod method)
{
    public StunMethod Method { get; } = method;

    public TransportAddress Peer { get; init; }

    public ushort Channel { get; init; }

    public uint ConnectionId { get; init; }

    public uint LifetimeSeconds { get; init; }

    public TransactionId Id { get; set; }

    public byte[] Bytes { get; set; } = [];

    public int Sends { get; set; }

    public TimeSpan Interval { get; set; }

    public TimeSpan Deadline { get; set; }

    public bool IsAuthenticated { get; set; }

    public int StaleNonces { get; set; }

    /// <summary>An answer was discarded for want of integrity.</summary>
    public bool SawUnverified { get; set; }
}
