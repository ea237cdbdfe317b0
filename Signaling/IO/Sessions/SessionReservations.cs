using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>
/// Names of sessions that are going to start: a viewer needs relay credentials before its offer, and they carry the name of the session, so that
/// browser, gateway, gates and relay all log the same one.
/// </summary>
internal sealed class SessionReservations(TimeProvider time)
{
    private const int Most = 10_000;
    private static readonly TimeSpan s_life = TimeSpan.FromMinutes(5);
    private readonly ConcurrentDictionary<string, (string Actor, DateTimeOffset Until)> _names = new(StringComparer.Ordinal);

    /// <summary>A new name that nobody can guess.</summary>
    public static string NewName() => "s-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));

    /// <summary>A new name for a look-in of this person within the next minutes.</summary>
    public string Reserve(string actor)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (_names.Count >= Most)
        {
            foreach (var (old, entry) in _names.OrderBy(n => n.Value.Until).Take(Most / 10))
                _names.TryRemove(KeyValuePair.Create(old, entry));
        }

        string name = NewName();
        _names[name] = (actor, now + s_life);
        return name;
    }

    /// <summary>The name when it was reserved for this person and not used yet; else a new one.</summary>
    public string Take(string? name, string actor) =>
        name is not null && _names.TryGetValue(name, out var entry) && entry.Actor == actor && entry.Until > time.GetUtcNow() && _names.TryRemove(KeyValuePair.Create(name, entry)) ? name : NewName();
}
