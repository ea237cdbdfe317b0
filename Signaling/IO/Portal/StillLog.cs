using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>
/// Still pictures in the home owner's log. A page that is open asks for one every half minute, so pictures of one camera for one person that
/// follow each other are one entry, which says from when to when; it is written again at most once a minute.
/// </summary>
public sealed class StillLog(LookInLog log, HomeRecords homes)
{
    private const int MaxKept = 1024;
    private static readonly TimeSpan s_write = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_pause = TimeSpan.FromMinutes(5);
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Actor, string Home, string Camera), LookInEntry> _last = [];

    /// <summary>The person gets a picture now; stored before the task completes, unless the entry of the last minute says it.</summary>
    public async Task NoteAsync(Actor actor, string home, string camera, AccessDecision decision, DateTimeOffset utcNow)
    {
        var key = (actor.Id, home, camera);
        string? incident = homes.AlarmOf(actor, home)?.Id;
        LookInEntry entry;
        lock (_lock)
        {
            bool goesOn = _last.TryGetValue(key, out LookInEntry? last) && last.Grant == decision.Grant && last.Incident == incident && last.To <= utcNow && utcNow - last.To < s_pause;
            if (goesOn && utcNow - last!.To < s_write)
                return;
            entry = goesOn ? last! with { To = utcNow } : new LookInEntry
            {
                Session = $"still-{Guid.NewGuid():N}", Home = home, Actor = actor.Name, Role = actor.Role, Camera = camera, Purpose = "still pictures", Incident = incident,
                Grant = decision.Grant, From = utcNow, To = utcNow, Reason = "Still pictures only.",
            };
            if (_last.Count >= MaxKept)
                _last.Clear();
            _last[key] = entry;
        }

        try
        {
            await log.SaveAsync(entry).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // The next picture must not rest on an entry that is not there.
            lock (_lock)
                _last.Remove(key);
            throw;
        }
    }
}
