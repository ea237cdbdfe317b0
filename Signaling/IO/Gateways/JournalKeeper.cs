using MediaRelay.Signaling.IO.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>Removes the content of events that are older than their class allows, on one node of a cluster at a time, and this node's clips by their
/// class; notes where the chains of journal and audit end, so that a cut shows.</summary>
internal sealed partial class JournalKeeper(IStorage storage, ChainEnds ends, ClipStore clips, SignalingOptions options, TimeProvider time, ILogger<JournalKeeper> logger) : BackgroundService
{
    private const string Lease = "journal-keeper";

    private static readonly TimeSpan s_every = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_noteEvery = TimeSpan.FromHours(1);

    private DateTimeOffset _noted;

    private readonly string _owner = $"{Environment.MachineName}-{Environment.ProcessId}";

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        NoteEnds();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        CompareEnds();
        NoteEnds();
        var retention = new EventRetention(options.KeepAlarms, options.KeepTroubles, options.KeepStatus, options.KeepBulk);
        using var timer = new PeriodicTimer(s_every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                try
                {
                    if (await storage.Leases.TryAcquireAsync(Lease, _owner, s_every * 2, time.GetUtcNow()).ConfigureAwait(false) is not null)
                    {
                        int purged = 0;
                        int step;
                        do
                        {
                            step = await storage.Events.PurgeAsync(retention, time.GetUtcNow()).ConfigureAwait(false);
                            purged += step;
                        }
                        while (step >= IEventJournal.PurgeStep && !stoppingToken.IsCancellationRequested);
                        if (purged > 0)
                            LogPurged(purged);
                    }
                }
                catch (StorageException e)
                {
                    LogFailed(e);
                }

                SweepClips();
                if (time.GetUtcNow() - _noted >= s_noteEvery)
                    NoteEnds();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    /// <summary>The last end that was noted must still be there; the rest is for <c>journal verify</c>.</summary>
    private void CompareEnds()
    {
        try
        {
            foreach (string fault in ends.Compare(storage, lastOnly: true))
                LogCut(fault, ends.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StorageException)
        {
            LogNotNoted(ends.Path, e);
        }
    }

    private void NoteEnds()
    {
        try
        {
            _noted = time.GetUtcNow();
            if (ends.Note(storage, _noted) is var (audit, journal))
                LogNoted(audit.Number, audit.Hash, journal.Number, journal.Hash);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StorageException)
        {
            LogNotNoted(ends.Path, e);
        }
    }

    [LoggerMessage(4044, LogLevel.Information, "The audit ends with record {Record} ({Hash}), the journal with position {Position} ({Chain}).", EventName = "ChainEndsNoted")]
    private partial void LogNoted(long record, string hash, long position, string chain);

    [LoggerMessage(4045, LogLevel.Warning, "The ends of journal and audit could not be noted in {Path}; a cut would not be found.", EventName = "ChainEndsNotNoted")]
    private partial void LogNotNoted(string path, Exception exception);

    [LoggerMessage(4046, LogLevel.Critical, "Records were cut off, or an older database was put back. {Fault} Run 'mediarelay journal verify', which compares all of {Path}.", EventName = "ChainCut")]
    private partial void LogCut(string fault, string path);

    private void SweepClips()
    {
        try
        {
            if (clips.Sweep(time.GetUtcNow(), options.KeepAlarmClips, options.KeepClips) is > 0 and var swept)
                LogSwept(swept);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotSwept(e);
        }
    }

    [LoggerMessage(4042, LogLevel.Information, "{Count} old clips and stills were removed.", EventName = "ClipsRemoved")]
    private partial void LogSwept(int count);

    [LoggerMessage(4043, LogLevel.Warning, "Old clips could not be removed; it is tried again in 10 min.", EventName = "ClipRemovalFailed")]
    private partial void LogNotSwept(Exception exception);

    [LoggerMessage(4040, LogLevel.Information, "The content of {Count} old events was removed from the journal.", EventName = "JournalPurged")]
    private partial void LogPurged(int count);

    [LoggerMessage(4041, LogLevel.Warning, "Old events could not be removed from the journal; it is tried again in 10 min.", EventName = "JournalPurgeFailed")]
    private partial void LogFailed(Exception exception);
}
