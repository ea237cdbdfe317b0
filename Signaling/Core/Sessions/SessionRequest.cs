using MediaRelay.Signaling.Contract;

namespace MediaRelay.Signaling.Sessions;

/// <summary>A look-in that has been allowed: everything the session needs to start.</summary>
public sealed record SessionRequest
{
    /// <summary>Identifier, unguessable; it stands in every log of gateway, gates and relay.</summary>
    public required string Session { get; init; }

    /// <summary>The home that is looked into.</summary>
    public required string Home { get; init; }

    /// <summary>The gateway that holds the camera.</summary>
    public required string Gateway { get; init; }

    /// <summary>The camera.</summary>
    public required string Camera { get; init; }

    /// <summary>Who looks in, in words for the home owner.</summary>
    public required string Actor { get; init; }

    /// <summary>Why, e.g. the incident's title.</summary>
    public string? Purpose { get; init; }

    /// <summary>The incident that it belongs to, if any.</summary>
    public string? Incident { get; init; }

    /// <summary>The viewer's offer (RFC 8866).</summary>
    public required string Offer { get; init; }

    /// <summary>Servers and credentials for the gateway, scoped to this session.</summary>
    public IReadOnlyList<MediaRelayAddress> Relays { get; init; } = [];

    /// <summary>Address of the gateway as the operator's network knows it (its signaling connection), for the gates.</summary>
    public required string GatewayAddress { get; init; }

    /// <summary>Address and port of the relay that the gateway will use, or null when it uses none.</summary>
    public string? RelayEndpoint { get; init; }

    /// <summary>False when no gates are to be asked for: no application manager is configured, or the home is on no managed network.</summary>
    public bool WantsGates { get; init; } = true;

    /// <summary>True when the home must not learn of it now: no banner, no light. Its log shows it later.</summary>
    public bool IsSilent { get; init; }

    /// <summary>True for a look-in during an alarm: the gates may ask for a higher session class.</summary>
    public bool IsAlarm { get; init; }

    /// <summary>How long the right to look in still lasts; null when it does not end by time.</summary>
    public TimeSpan? RightLasts { get; init; }
}
