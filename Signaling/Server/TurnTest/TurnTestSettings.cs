using MediaRelay.Stun;
using MediaRelay.Turn.Client;

namespace MediaRelay.Server.TurnTest;

/// <summary>What <c>mediarelay turn test</c> was asked for.</summary>
internal sealed record TurnTestSettings
{
    public required StunUri Server { get; init; }

    public TurnCredential? Credential { get; init; }

    /// <summary>Take a TLS certificate that does not hold, and say so.</summary>
    public bool Insecure { get; init; }

    /// <summary>Longest time of one step.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Family of the relayed addresses; None takes the server's default.</summary>
    public IpFamily Family { get; init; }
}
