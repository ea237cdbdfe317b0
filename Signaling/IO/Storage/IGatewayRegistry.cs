namespace MediaRelay.Signaling.IO.Storage;

/// <summary>The gateways that may speak to this server.</summary>
public interface IGatewayRegistry
{
    /// <summary>The gateway, null when unknown.</summary>
    GatewayRecord? Find(string gateway);

    /// <summary>All gateways with an id above <paramref name="after"/>, ascending, at most <paramref name="max"/>.</summary>
    IReadOnlyList<GatewayRecord> List(string after, int max);

    /// <summary>Adds or replaces a gateway.</summary>
    Task SaveAsync(GatewayRecord record);

    /// <summary>Changes a gateway in one step; false when it is unknown or <paramref name="change"/> returns null.</summary>
    Task<bool> ChangeAsync(string gateway, Func<GatewayRecord, GatewayRecord?> change);

    /// <summary>Notes when gateways were last heard; losing this in a crash is harmless.</summary>
    Task NoteSeenAsync(IReadOnlyList<GatewaySeen> seen);

    /// <summary>The configuration document of a gateway, null when there is none.</summary>
    GatewayConfiguration? Configuration(string gateway);

    /// <summary>Replaces the configuration document.</summary>
    Task SaveConfigurationAsync(string gateway, GatewayConfiguration configuration);
}
