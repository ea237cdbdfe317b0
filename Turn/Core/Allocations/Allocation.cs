using System.Diagnostics.CodeAnalysis;
using MediaRelay.Stun;
using MediaRelay.Turn.Limits;

namespace MediaRelay.Turn.Allocations;

/// <summary>One allocation as it lies in the table (RFC 8656 section 6). Links hold position + 1, so that a zeroed entry is empty.</summary>
internal struct Allocation
{
    public FiveTuple Client;
    public RelayedAddress V4;
    public RelayedAddress V6;

    /// <summary>Unique on the shard since its start; 0 = free entry.</summary>
    public long Id;

    /// <summary>Of the Allocate request, so that its retransmission gets the same answer.</summary>
    public TransactionId Transaction;

    public TimeSpan Created;
    public uint ClientHash;
    public int User;
    public int Timer;
    public int FirstPermission;
    public int FirstChannel;
    public int FirstConnection;
    public byte PermissionCount;
    public byte ChannelCount;
    public byte ConnectionCount;
    public bool IsTcp;
    public bool IsMobile;

    /// <summary>The family that could not be served in a dual allocation; the answer says so again when retransmitted.</summary>
    public IpFamily MissingFamily;
    public StunErrorCode MissingCode;

    /// <summary>Ports tried for the pending answer; see <see cref="RelayEngine.HandlePortFailed"/>.</summary>
    public byte PortAttempts;

    public ulong ReservationToken;
    public TokenBucket ToPeer;
    public TokenBucket ToClient;

    /// <summary>Cost per byte of the two buckets, 0 = no limit.</summary>
    public long ByteCost;

    public long BytesToPeer;
    public long PacketsToPeer;
    public long BytesToClient;
    public long PacketsToClient;

    public readonly bool IsDual => V4.IsActive && V6.IsActive;

    [UnscopedRef]
    public ref RelayedAddress Of(IpFamily family)
    {
        if (family == IpFamily.V6)
        {
            return ref V6;
        }

        return ref V4;
    }

    public readonly bool Has(IpFamily family) => family == IpFamily.V6 ? V6.IsActive : family == IpFamily.V4 && V4.IsActive;

    /// <summary>The end of its longer-living half.</summary>
    public readonly TimeSpan Expires => !V4.IsActive ? V6.Expires : !V6.IsActive ? V4.Expires : V4.Expires > V6.Expires ? V4.Expires : V6.Expires;

    /// <summary>When the timer should look at it next.</summary>
    public readonly TimeSpan NextExpiry => !V4.IsActive ? V6.Expires : !V6.IsActive ? V4.Expires : V4.Expires < V6.Expires ? V4.Expires : V6.Expires;
}
