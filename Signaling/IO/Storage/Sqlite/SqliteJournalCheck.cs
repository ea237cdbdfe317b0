using System.Security.Cryptography;

namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>The hash chain of the journal: every event's chain value is SHA-256 over the one before and the event's own digest.</summary>
internal static class SqliteJournalCheck
{
    private const int MaxFaults = 100;

    public static byte[] Next(ReadOnlySpan<byte> chain, ReadOnlySpan<byte> digest)
    {
        Span<byte> both = stackalloc byte[64];
        chain.CopyTo(both);
        digest.CopyTo(both[32..]);
        return SHA256.HashData(both);
    }

    public static JournalVerdict Run(SqliteDatabase database)
    {
        var faults = new List<string>();
        byte[] chain = new byte[32];
        long last = 0, first = 0, events = 0, purged = 0;
        SqliteStatement anchor = database.Statement("SELECT pos, chain FROM anchor");
        if (anchor.Step())
        {
            last = anchor.Number(0);
            chain = anchor.Blob(1);
        }

        anchor.Reset();
        SqliteStatement rows = database.Statement("SELECT pos, payload, digest, chain FROM events ORDER BY pos");
        while (rows.Step())
        {
            long position = rows.Number(0);
            first = first == 0 ? position : first;
            events++;
            byte[] digest = rows.Blob(2), stored = rows.Blob(3);
            if (position != last + 1)
                Add(faults, $"Positions {last + 1} to {position - 1} are missing.");
            if (rows.OptionalBlob(1) is not { } payload)
                purged++;
            else if (!SHA256.HashData(payload).AsSpan().SequenceEqual(digest))
                Add(faults, $"The content of position {position} does not match its digest.");
            if (!Next(chain, digest).AsSpan().SequenceEqual(stored))
                Add(faults, $"The chain is broken at position {position}.");
            chain = stored;
            last = position;
        }

        return new JournalVerdict(events, purged, first, events == 0 ? 0 : last, faults);
    }

    private static void Add(List<string> faults, string fault)
    {
        if (faults.Count < MaxFaults)
            faults.Add(fault);
    }
}
