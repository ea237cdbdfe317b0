using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>The connectivity rules of homes, as storage holds them, and whether a home is armed.</summary>
internal sealed class ConnectivityRules(IStorage storage)
{
    private const string Kind = "connectivity";

    /// <summary>The home's rule; the default one when it has none.</summary>
    public ConnectivityRule Of(string home) =>
        home.Length > 0 && storage.Documents.Find(Kind, home) is { } document ? PortalJson.Read<ConnectivityRule>(document.Json) : ConnectivityRule.Default;

    /// <summary>Keeps the rule; the gateway of the home follows it from its next request on.</summary>
    public async Task SaveAsync(string home, string gateway, ConnectivityRule rule, DateTimeOffset utcNow)
    {
        await storage.Documents.SaveAsync([new StoredDocument(Kind, home, home, true, utcNow, PortalJson.Write(rule))]).ConfigureAwait(false);
        storage.Notifications.Publish(INotifications.Gateways, gateway);
    }

    /// <summary>True when a partition of the home is armed, by its last report.</summary>
    public bool IsArmed(string home) =>
        storage.Documents.Find(HomeRecords.HomeKind, home) is { } document && PortalJson.Read<HomeRecord>(document.Json).Partitions.Any(partition => partition.Mode is "away" or "stay" or "night");
}
