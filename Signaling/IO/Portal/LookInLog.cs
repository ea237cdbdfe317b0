using System.Collections.Concurrent;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>One look-in, for the home owner's log.</summary>
public sealed record LookInEntry
{
    public required string Session { get; init; }

    public required string Home { get; init; }

    public required string Actor { get; init; }

    public required ActorRole Role { get; init; }

    public required string Camera { get; init; }

    public string? Purpose { get; init; }

    public string? Incident { get; init; }

    /// <summary>What the right rested on.</summary>
    public required string Grant { get; init; }

    public required DateTimeOffset From { get; init; }

    public DateTimeOffset? To { get; init; }

    /// <summary>Why it ended.</summary>
    public string? Reason { get; init; }

    /// <summary>True when the person spoke.</summary>
    public bool Talked { get; init; }

    /// <summary>Steps with their times, milliseconds since the request.</summary>
    public IReadOnlyDictionary<string, double>? Steps { get; init; }

    /// <summary>Steps of the gateway's endpoint, milliseconds since it took the offer.</summary>
    public IReadOnlyDictionary<string, double>? GatewaySteps { get; init; }

    /// <summary>The path of the media in words.</summary>
    public string? Path { get; init; }

    /// <summary>What became of the gates, a sentence each, with the milliseconds since the request in front.</summary>
    public IReadOnlyList<string>? GateNotes { get; init; }

    /// <summary>State of the QoS grant at the end, or now.</summary>
    public string? Gate { get; init; }
}

/// <summary>Who looks in now and who did; kept durably, shown to the home owner as it happens.</summary>
public sealed class LookInLog(IStorage storage, SilentAlarms silent, PortalFeed feed)
{
    private const string Kind = "look-in";
    private readonly ConcurrentDictionary<string, LookInEntry> _active = new(StringComparer.Ordinal);

    /// <summary>Look-ins of a home that run now.</summary>
    public IReadOnlyList<LookInEntry> Active(string home) => [.. _active.Values.Where(e => e.Home == home).OrderBy(e => e.From)];

    /// <summary>All look-ins that run now.</summary>
    public IReadOnlyList<LookInEntry> AllActive() => [.. _active.Values.OrderBy(e => e.From)];

    /// <summary>Past look-ins of a home, newest first.</summary>
    public IReadOnlyList<LookInEntry> Past(string home, int max) => [.. storage.Documents.List(Kind, home, open: false, null, max).Select(d => PortalJson.Read<LookInEntry>(d.Json))];

    /// <summary>Past look-ins of all homes, newest first.</summary>
    public IReadOnlyList<LookInEntry> AllPast(int max) => [.. storage.Documents.List(Kind, null, open: false, null, max).Select(d => PortalJson.Read<LookInEntry>(d.Json))];

    /// <summary>One look-in, running or past.</summary>
    public LookInEntry? Find(string session) =>
        _active.GetValueOrDefault(session) ?? (storage.Documents.Find(Kind, session) is { } document ? PortalJson.Read<LookInEntry>(document.Json) : null);

    /// <summary>Starts or changes an entry; stored and shown.</summary>
    public async Task SaveAsync(LookInEntry entry)
    {
        if (entry.To is null)
            _active[entry.Session] = entry;
        else
            _active.TryRemove(entry.Session, out _);
        feed.Publish("lookIn", entry.Home, new { session = entry.Session, home = entry.Home, camera = entry.Camera, actor = entry.Actor, state = entry.To is null ? "active" : "ended" }, silent.Hides(entry));
        await storage.Documents.SaveAsync([new StoredDocument(Kind, entry.Session, entry.Home, entry.To is null, entry.From, PortalJson.Write(entry))]).ConfigureAwait(false);
    }

    /// <summary>After a restart: look-ins that a crash left open are closed, because their media went with the node's sessions.</summary>
    public async Task CloseOrphansAsync(DateTimeOffset utcNow)
    {
        foreach (StoredDocument document in storage.Documents.List(Kind, null, open: true, null, 10_000))
        {
            LookInEntry entry = PortalJson.Read<LookInEntry>(document.Json);
            if (!_active.ContainsKey(entry.Session))
                await SaveAsync(entry with { To = utcNow, Reason = "The server was restarted." }).ConfigureAwait(false);
        }
    }
}
