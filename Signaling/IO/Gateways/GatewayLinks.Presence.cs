using System.Security.Cryptography;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>Presence changes become events: in order for each gateway, and tried again while storage refuses.</summary>
public sealed partial class GatewayLinks
{
    private const int MostUnrecorded = 32;

    private CancellationToken _stopping;

    private void Record(GatewayLink link, PresenceChange change)
    {
        (PresenceChange, DateTimeOffset) entry = (change, _clock.UtcNow);
        lock (link.Unrecorded)
        {
            // While nothing can be written the middle of the story may go, its end may not.
            if (link.Unrecorded.Count == MostUnrecorded)
                link.Unrecorded[^1] = entry;
            else
                link.Unrecorded.Add(entry);
            if (link.Unrecorded.Count > 1)
                return;
        }

        _ = RecordAsync(link);
    }

    private async Task RecordAsync(GatewayLink link)
    {
        bool isMore = true;
        while (isMore && !_stopping.IsCancellationRequested)
        {
            PresenceChange change;
            DateTimeOffset at;
            lock (link.Unrecorded)
                (change, at) = link.Unrecorded[0];
            await RecordAsync(link.Gateway, change, at).ConfigureAwait(false);
            lock (link.Unrecorded)
            {
                link.Unrecorded.RemoveAt(0);
                isMore = link.Unrecorded.Count > 0;
            }
        }
    }

    private async Task RecordAsync(string gateway, PresenceChange change, DateTimeOffset at)
    {
        RetryBackoff? backoff = null;
        Queue<SmaEvent>? drafts = null;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                drafts ??= Drafts(gateway, change, at);
                while (drafts.TryPeek(out SmaEvent? draft))
                {
                    StoredEvent stored = await _storage.Events.AppendServerEventAsync(gateway, draft, _clock.UtcNow).ConfigureAwait(false);
                    drafts.Dequeue();
                    Raise([stored]);
                }

                return;
            }
            catch (StorageException e)
            {
                if (backoff is null)
                    LogPresenceNotStored(e, gateway, change.To);
                if (e.IsUnknownSubject)
                    return;
            }

            backoff ??= new RetryBackoff(RandomNumberGenerator.Create());
            await Task.Delay(backoff.HandleFailure(hasAlarm: true, null), _clock.Provider, _stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Queue<SmaEvent> Drafts(string gateway, PresenceChange change, DateTimeOffset at)
    {
        string home = _storage.Gateways.Find(gateway)?.Home ?? "";
        ConnectivityRule rule = _rules.Of(home);
        bool isArmed = rule.AsksWhetherArmed(change.To) && _rules.IsArmed(home);
        LogPresence(gateway, change.From, change.To, change.Reason);
        return new Queue<SmaEvent>(rule.Events(change, isArmed, at));
    }
}
