namespace MediaRelay.Turn;

// Fields, so that the hot path increments them in place.
#pragma warning disable CA1051

/// <summary>Plain numbers of one engine since its start. Written by the owning thread only; other threads may read them at any time.</summary>
public sealed class RelayCounters
{
    public long PacketsToPeer;
    public long BytesToPeer;
    public long PacketsToClient;
    public long BytesToClient;

    /// <summary>ChannelData without allocation, binding or permission, or too short.</summary>
    public long DroppedChannelData;

    /// <summary>Send indications without allocation, permission, or malformed.</summary>
    public long DroppedSend;

    /// <summary>Send indications to an address or port the peer policy refuses.</summary>
    public long DroppedForbiddenPeer;

    /// <summary>Datagrams on a relay port from an address without permission.</summary>
    public long DroppedFromPeer;

    /// <summary>Datagrams above the bandwidth of the allocation or subscriber.</summary>
    public long DroppedBandwidth;

    /// <summary>Messages that are no STUN request: malformed, responses, wrong cookie, unknown methods.</summary>
    public long Ignored;

    /// <summary>Answers withheld from unverified sources by the rate limits.</summary>
    public long WithheldByRate;

    /// <summary>Answers withheld because they would have been too large for the question.</summary>
    public long WithheldBySize;

    /// <summary>Answers withheld after repeated failed authentication.</summary>
    public long WithheldByFailures;

    public long BindingRequests;
    public long Requests;
    public long Challenges;
    public long StaleNonces;
    public long AuthenticationFailures;
    public long AllocationsCreated;
    public long AllocationsExpired;
    public long AllocationsDeleted;
    public long QuotaRefusals;
    public long CapacityRefusals;
    public long ForbiddenPeers;

    /// <summary>Peers outside the scope of their credential, refused or only seen.</summary>
    public long ScopeStrangers;

    /// <summary>ICMP errors reported to clients.</summary>
    public long PeerErrors;

    public long MovedClients;

    /// <summary>Error answers by code 300 to 699; see <see cref="ErrorsWith"/>.</summary>
    private readonly long[] _errors = new long[400];

    /// <summary>Error answers sent with this code.</summary>
    public long ErrorsWith(int code) => code is >= 300 and < 700 ? _errors[code - 300] : 0;

    internal void CountError(int code) => _errors[code - 300]++;
}
