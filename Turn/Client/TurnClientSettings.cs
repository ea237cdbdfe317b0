using MediaRelay.Stun;

namespace MediaRelay.Turn.Client;

/// <summary>What one <see cref="TurnClient"/> asks for. Immutable; the defaults are those of RFC 8489 and RFC 8656.</summary>
public sealed record TurnClientSettings
{
    public required TransportAddress Server { get; init; }

    /// <summary>Between client and server. TCP and TLS pad ChannelData and do not retransmit.</summary>
    public StunTransport Transport { get; init; } = StunTransport.Udp;

    /// <summary>Null for servers without authentication.</summary>
    public TurnCredential? Credential { get; init; }

    /// <summary>Family of the relayed address; None leaves it to the server, which then gives IPv4.</summary>
    public IpFamily Family { get; init; }

    /// <summary>Ask for an IPv4 and an IPv6 address at once (ADDITIONAL-ADDRESS-FAMILY, in both numbers that servers know).</summary>
    public bool DualFamily { get; init; }

    /// <summary>Lifetime to ask for, in whole seconds.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Ask for an even relayed port (EVEN-PORT).</summary>
    public bool EvenPort { get; init; }

    /// <summary>With <see cref="EvenPort"/>: reserve the next port; the token comes with <see cref="TurnClientCommand.Allocated"/>.</summary>
    public bool ReserveNextPort { get; init; }

    /// <summary>Take the port that an earlier allocation reserved. Excludes EvenPort and the family settings.</summary>
    public ulong? ReservationToken { get; init; }

    /// <summary>Set DF on what the server sends to peers.</summary>
    public bool DontFragment { get; init; }

    /// <summary>TCP between server and peers (RFC 6062); needs TCP or TLS to the server.</summary>
    public bool TcpAllocation { get; init; }

    /// <summary>Ask for a mobility ticket (RFC 8016); a server that forbids it (405) is asked again without.</summary>
    public bool Mobility { get; init; }

    /// <summary>Value of SOFTWARE in requests; null sends none.</summary>
    public string? Software { get; init; }

    /// <summary>Append FINGERPRINT to every request, for sockets that other protocols share.</summary>
    public bool Fingerprint { get; init; } = true;

    /// <summary>First retransmission interval; it doubles up to seven transmissions, the last wait is 16 times this.</summary>
    public TimeSpan Rto { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A Binding indication is sent over UDP when nothing else was for this long; zero switches it off.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Believe error answers without integrity. RFC 8489 section 9.2.5 discards them, which is the default; some servers never
    /// sign errors, and a tool that looks for the reason wants to see it.
    /// </summary>
    public bool AcceptUnsignedErrors { get; init; }

    internal bool IsStream => Transport is StunTransport.Tcp or StunTransport.Tls;
}
