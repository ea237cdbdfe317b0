namespace MediaRelay.Turn.Discovery;

/// <summary>One of the four sockets: bit 0 chooses the port, bit 1 the address, so changing is an exclusive or.</summary>
public enum DiscoverySocket : byte
{
    /// <summary>Address 1, port 1.</summary>
    PrimaryPrimary = 0,

    /// <summary>Address 1, port 2.</summary>
    PrimaryAlternate = 1,

    /// <summary>Address 2, port 1.</summary>
    AlternatePrimary = 2,

    /// <summary>Address 2, port 2.</summary>
    AlternateAlternate = 3,
}
