using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>
/// The hash chain of the journal: every event's chain value is SHA-256 over the one before, the event's own digest and, since the second rule, the columns
/// of its row: which gateway, when, which number.
/// </summary>
internal static class SqliteJournalCheck
{
    /// <summary>The rule by which events are chained now: the columns are covered too. Events of older programs have rule 1.</summary>
    public const long ColumnsRule = 2;

    private const int MaxFaults = 100;
    private const int HashSize = 32;

    public static byte[] Next(ReadOnlySpan<byte> chain, ReadOnlySpan<byte> digest)
    {
        Span<byte> both = stackalloc byte[2 * HashSize];
        chain.CopyTo(both);
        digest.CopyTo(both[HashSize..]);
        return SHA256.HashData(both);
    }

    public static byte[] Next(ReadOnlySpan<byte> chain, ReadOnlySpan<byte> digest, in JournalColumns columns)
    {
        int longest = (2 * HashSize) + (5 * sizeof(long)) + (4 * sizeof(int)) + Encoding.UTF8.GetMaxByteCount(columns.Gateway.Length + columns.Epoch.Length + columns.Id.Length + columns.Kind.Length + 4);
        Span<byte> all = longest <= 2048 ? stackalloc byte[2048] : new byte[longest];
        chain.CopyTo(all);
        digest.CopyTo(all[HashSize..]);
        int length = 2 * HashSize;
        foreach (long number in (ReadOnlySpan<long>)[columns.Position, columns.Seq, columns.Time, columns.Received, columns.Priority])
        {
            BinaryPrimitives.WriteInt64BigEndian(all[length..], number);
            length += sizeof(long);
        }

        // Each with its length, so that no two rows share one text.
        foreach (string text in (ReadOnlySpan<string>)[columns.Gateway, columns.Epoch, columns.Id, columns.Kind])
        {
            int octets = Encoding.UTF8.GetBytes(text, all[(length + sizeof(int))..]);
            BinaryPrimitives.WriteInt32BigEndian(all[length..], octets);
            length += sizeof(int) + octets;
        }

        return SHA256.HashData(all[..length]);
    }

    public static JournalVerdict Run(SqliteDatabase database)
    {
        var faults = new List<string>();
        byte[] chain = new byte[HashSize];
        long last = 0, first = 0, events = 0, purged = 0, oldest = 0;
        SqliteStatement anchor = database.Statement("SELECT pos, chain FROM anchor");
        if (anchor.Step())
        {
            last = anchor.Number(0);
            chain = anchor.Blob(1);
        }

        anchor.Reset();
        SqliteStatement rows = database.Statement("""
            SELECT e.pos, e.payload, e.digest, e.chain, e.rule, coalesce(g.id, ''), e.epoch, e.seq, e.id, e.time, e.received, e.kind, e.priority
            FROM events e LEFT JOIN gateways g ON g.key=e.gw ORDER BY e.pos
            """);
        while (rows.Step())
        {
            long position = rows.Number(0), rule = rows.Number(4);
            first = first == 0 ? position : first;
            events++;
            byte[] digest = rows.Blob(2), stored = rows.Blob(3);
            if (position != last + 1)
                Add(faults, $"Positions {last + 1} to {position - 1} are missing.");
            if (rows.OptionalBlob(1) is not { } payload)
                purged++;
            else if (!SHA256.HashData(payload).AsSpan().SequenceEqual(digest))
                Add(faults, $"The content of position {position} does not match its digest.");
            if (rule < oldest)
                Add(faults, $"Position {position} is chained by the rule of an older program, but comes after the newer rule.");
            byte[] wanted = rule < ColumnsRule ? Next(chain, digest) : Next(chain, digest, new JournalColumns(
                position, rows.Text(5), rows.Text(6), rows.Number(7), rows.Text(8), rows.Number(9), rows.Number(10), rows.Text(11), rows.Number(12)));
            if (!wanted.AsSpan().SequenceEqual(stored))
                Add(faults, $"The chain is broken at position {position}.");
            chain = stored;
            last = position;
            oldest = Math.Max(oldest, rule);
        }

        return new JournalVerdict(events, purged, first, events == 0 ? 0 : last, faults);
    }

    /// <summary>The last position and its chain value.</summary>
    public static ChainEnd End(SqliteDatabase database)
    {
        SqliteStatement end = database.Statement("SELECT pos, chain FROM (SELECT pos, chain FROM anchor UNION ALL SELECT pos, chain FROM (SELECT pos, chain FROM events ORDER BY pos DESC LIMIT 1)) ORDER BY pos DESC LIMIT 1");
        ChainEnd found = end.Step() ? new(end.Number(0), Convert.ToHexStringLower(end.Blob(1))) : new(0, new string('0', 2 * HashSize));
        end.Reset();
        return found;
    }

    /// <summary>Whether the journal still passes through an end that was noted once; the fault in words, or null.</summary>
    public static string? CheckEnd(SqliteDatabase database, ChainEnd end)
    {
        // What was purged since has left only the anchor behind it.
        SqliteStatement query = database.Statement("SELECT chain, (SELECT pos FROM anchor) FROM (SELECT (SELECT chain FROM events WHERE pos=?) AS chain)").Bind(end.Number);
        query.Step();
        string? chain = query.OptionalBlob(0) is { } found ? Convert.ToHexStringLower(found) : null;
        bool isPurged = end.Number == 0 || (!query.IsNull(1) && end.Number <= query.Number(1));
        query.Reset();
        return chain == end.Hash || (chain is null && isPurged) ? null
            : chain is null ? $"The journal went to position {end.Number} and ends before it now."
            : $"Position {end.Number} of the journal is another than it was.";
    }

    private static void Add(List<string> faults, string fault)
    {
        if (faults.Count < MaxFaults)
            faults.Add(fault);
    }
}
