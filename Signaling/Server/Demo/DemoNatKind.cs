namespace MediaRelay.Server.Demo;

/// <summary>How the router before the demo's home treats UDP (words of RFC 4787 and RFC 5780).</summary>
internal enum DemoNatKind
{
    /// <summary>A new public port for every destination; only that destination is let in.</summary>
    Symmetric,

    /// <summary>One public port for all destinations; only addresses and ports that were sent to are let in.</summary>
    PortRestricted,

    /// <summary>One public port for all destinations; everybody is let in ("full cone").</summary>
    EndpointIndependent,

    /// <summary>No UDP in either direction; TCP passes.</summary>
    UdpBlocked,
}
