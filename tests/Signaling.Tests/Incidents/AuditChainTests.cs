using MediaRelay.Signaling.Incidents;

namespace MediaRelay.Signaling.Tests.Incidents;

public sealed class AuditChainTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_whole_chain_verifies_and_continues_after_a_restart()
    {
        var records = Make(new AuditChain(), 5);
        records.AddRange(Make(new AuditChain(5, records[^1].Hash), 3));
        Assert.Null(AuditChain.Verify(records));
        Assert.Equal(8, records[^1].Record.Seq);
    }

    [Fact]
    public void A_changed_record_shows()
    {
        var records = Make(new AuditChain(), 5);
        records[2] = (records[2].Record with { Result = "refused" }, records[2].Hash);
        Assert.Equal("Record 3 was changed: its hash does not fit its content.", AuditChain.Verify(records));
    }

    [Fact]
    public void A_removed_record_shows()
    {
        var records = Make(new AuditChain(), 5);
        records.RemoveAt(2);
        Assert.Equal("Records 3 to 3 are missing.", AuditChain.Verify(records));
    }

    [Fact]
    public void Removed_first_records_show()
    {
        Assert.Equal("Records 1 to 2 are missing.", AuditChain.Verify(Make(new AuditChain(), 5).Skip(2)));
        Assert.Equal("Record 1 does not start the chain.", AuditChain.Verify(Make(new AuditChain(0, new string('1', 64)), 2)));
    }

    [Fact]
    public void A_rewritten_record_with_a_fitting_hash_breaks_the_chain()
    {
        var records = Make(new AuditChain(), 5);
        var forged = records[2].Record with { Actor = "nobody" };
        records[2] = (forged, forged.Hash());
        Assert.Equal("Record 4 does not follow record 3: the chain is broken between them.", AuditChain.Verify(records));
    }

    [Fact]
    public void Moving_text_between_fields_changes_the_hash()
    {
        var record = new AuditChain().Next(Now, "ab", "c", "", "", "", "", "");
        Assert.NotEqual(record.Hash(), (record with { Actor = "a", Action = "bc" }).Hash());
    }

    private static List<(AuditRecord Record, string Hash)> Make(AuditChain chain, int count)
    {
        var records = new List<(AuditRecord, string)>();
        for (var i = 0; i < count; i++)
        {
            var record = chain.Next(Now.AddSeconds(i), "olga", "LookIn", "h1", "alarm", "allowed", "192.0.2.7", "camera 1");
            records.Add((record, chain.LastHash));
        }

        return records;
    }
}
