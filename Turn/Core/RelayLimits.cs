namespace MediaRelay.Turn;

/// <summary>Numbers that bound what clients and outsiders can use. Immutable; an engine takes a new one while running.</summary>
public sealed record RelayLimits
{
    /// <summary>Lifetime of an allocation when the client asks for less or nothing. RFC 8656 section 7.2: 600 s.</summary>
    public TimeSpan DefaultLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest lifetime granted. RFC 8656 section 7.2 recommends at most 3600 s.</summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Latest end of an allocation whose credential was made for a time, counted from its start, refreshes included; zero = no limit.</summary>
    public TimeSpan MaxSession { get; init; } = TimeSpan.FromHours(12);

    /// <summary>Lifetime of a permission. RFC 8656 section 9: MUST be 300 s; change it for tests only.</summary>
    public TimeSpan PermissionLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Lifetime of a channel binding. RFC 8656 section 12: 600 s.</summary>
    public TimeSpan ChannelLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a reserved port is held. RFC 8656 section 7.2: at least 30 s.</summary>
    public TimeSpan ReservationLifetime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a relay port rests after use.</summary>
    public TimeSpan PortRest { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Allocations per credential on the node; 486 above.</summary>
    public int AllocationsPerUser { get; init; } = 10;

    /// <summary>Allocations per subscriber (the subject of timed credentials) on the node; 486 above.</summary>
    public int AllocationsPerSubscriber { get; init; } = 32;

    /// <summary>Allocations of this shard; 508 above.</summary>
    public int Allocations { get; init; } = 100_000;

    /// <summary>Permissions per allocation; 508 above.</summary>
    public int Permissions { get; init; } = 32;

    /// <summary>Channels per allocation; 508 above.</summary>
    public int Channels { get; init; } = 32;

    /// <summary>TCP connections to peers per allocation; 508 above.</summary>
    public int PeerConnections { get; init; } = 32;

    /// <summary>XOR-PEER-ADDRESS attributes in one CreatePermission; 400 above.</summary>
    public int PeersPerRequest { get; init; } = 16;

    /// <summary>Bits per second of one allocation in each direction; 0 = no limit. A credential's own rate replaces it.</summary>
    public long AllocationBitRate { get; init; } = 8_000_000;

    /// <summary>Bits per second of one subscriber on this shard in each direction; 0 = no limit.</summary>
    public long SubscriberBitRate { get; init; } = 40_000_000;

    /// <summary>Answers per second to one unverified source (IPv4 address or IPv6 /56) over UDP.</summary>
    public int AnswersPerSource { get; init; } = 100;

    /// <summary>Burst of <see cref="AnswersPerSource"/>.</summary>
    public int AnswersPerSourceBurst { get; init; } = 200;

    /// <summary>Answers per second of the node to unverified sources over UDP.</summary>
    public int AnswersPerNode { get; init; } = 20_000;

    /// <summary>Failed authentications answered per second for one source and user name; then silence.</summary>
    public int FailuresPerSecond { get; init; } = 20;

    /// <summary>Failed authentications answered per minute for one source and user name; then silence.</summary>
    public int FailuresPerMinute { get; init; } = 200;

    /// <summary>How long a nonce is good.</summary>
    public TimeSpan NonceLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a peer connection waits for its ConnectionBind. RFC 6062 section 5.2: 30 s.</summary>
    public TimeSpan ConnectionBindTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Burst that the bandwidth limits let through at once, as time at the full rate; key frames come in bursts.</summary>
    public TimeSpan BandwidthBurst { get; init; } = TimeSpan.FromSeconds(1);
}
