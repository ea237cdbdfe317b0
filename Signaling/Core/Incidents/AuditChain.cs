namespace MediaRelay.Signaling.Incidents;

/// <summary>Makes the next record of the audit and checks all of it.</summary>
public sealed class AuditChain(long lastSeq = 0, string lastHash = AuditRecord.Start)
{
    /// <summary>Number of the last record.</summary>
    public long LastSeq { get; private set; } = lastSeq;

    /// <summary>Hash of the last record.</summary>
    public string LastHash { get; private set; } = lastHash;

    /// <summary>Makes the next record; the caller stores it before the action's answer is sent.</summary>
    public AuditRecord Next(DateTimeOffset at, string actor, string action, string home, string grant, string result, string source, string detail)
    {
        var record = new AuditRecord(LastSeq + 1, at, actor, action, home, grant, result, source, detail, LastHash);
        LastSeq = record.Seq;
        LastHash = record.Hash();
        return record;
    }

    /// <summary>Checks all records with their stored hashes in order; the first fault in words, or null when all are whole. No record is ever removed, so the first is number 1.</summary>
    public static string? Verify(IEnumerable<(AuditRecord Record, string Hash)> records)
    {
        (AuditRecord Record, string Hash)? last = null;
        foreach (var (record, hash) in records)
        {
            if (record.Hash() != hash)
            {
                return $"Record {record.Seq} was changed: its hash does not fit its content.";
            }

            if (last is { } before && (record.Seq != before.Record.Seq + 1 || record.Previous != before.Hash))
            {
                return record.Seq == before.Record.Seq + 1
                    ? $"Record {record.Seq} does not follow record {before.Record.Seq}: the chain is broken between them."
                    : $"Records {before.Record.Seq + 1} to {record.Seq - 1} are missing.";
            }

            if (last is null && record.Seq != 1)
            {
                return $"Records 1 to {record.Seq - 1} are missing.";
            }

            if (last is null && record.Previous != AuditRecord.Start)
            {
                return "Record 1 does not start the chain.";
            }

            last = (record, hash);
        }

        return null;
    }
}
