using MediaRelay.Tests.Support;
using MediaRelay.Turn.Limits;
using MediaRelay.Turn.Ports;
using MediaRelay.Turn.Tables;
using MediaRelay.Stun;

namespace MediaRelay.Turn.Tests.Tables;

public sealed class IndexTableTests
{
    [Theory]
    [InlineData(0xFFFF_FFFFu)]
    [InlineData(0x0000_0007u)] // nearly everything collides
    public void A_random_history_agrees_with_a_dictionary(uint mask)
    {
        var random = new Random(3);
        var table = new IndexTable();
        var model = new HashSet<(uint Hash, int Position)>();
        for (var step = 0; step < 20_000; step++)
        {
            if (random.Next(5) < 3 && model.Count < 500)
            {
                var entry = ((uint)random.Next() & mask, random.Next(100_000));
                if (model.Add(entry))
                {
                    table.Add(entry.Item1, entry.Item2);
                }
            }
            else if (model.Count > 0)
            {
                var entry = model.ElementAt(random.Next(Math.Min(10, model.Count)));
                model.Remove(entry);
                table.Remove(entry.Hash, entry.Position);
            }

            Assert.Equal(model.Count, table.Count);
            if (step % 500 == 0)
            {
                foreach (var hash in model.Select(e => e.Hash).Distinct())
                {
                    var found = new List<int>();
                    for (var p = table.First(hash, out var cursor); p >= 0; p = table.Next(hash, ref cursor))
                    {
                        found.Add(p);
                    }

                    Assert.Equal(model.Where(e => e.Hash == hash).Select(e => e.Position).Order(), found.Order());
                }
            }
        }
    }

    [Fact]
    public void Quota_counts_agree_with_a_model_and_are_shared()
    {
        var quotas = new QuotaCounts(1000, new CountingRandom());
        var model = new Dictionary<int, int>();
        var random = new Random(5);
        for (var step = 0; step < 50_000; step++)
        {
            var name = random.Next(800);
            var key = quotas.KeyOf(BitConverter.GetBytes(name), 1);
            var count = model.GetValueOrDefault(name);
            if (random.Next(2) == 0)
            {
                Assert.Equal(count < 5, quotas.TryAdd(key, 5));
                model[name] = Math.Min(5, count + 1);
            }
            else if (count > 0)
            {
                quotas.Remove(key);
                model[name] = count - 1;
            }

            Assert.Equal(model.GetValueOrDefault(name), quotas.CountOf(key));
        }
    }

    [Fact]
    public void Shards_split_the_port_range_without_gap_or_overlap_and_keep_pairs_together()
    {
        foreach (var (first, last, shards) in new[] { (49_152, 65_535, 3), (50_001, 50_100, 4), (10_000, 10_001, 1), (1024, 65_535, 7) })
        {
            var parts = Enumerable.Range(0, shards).Select(i => new PortRange((ushort)first, (ushort)last).ForShard(i, shards)).ToList();
            Assert.Equal(first, parts[0].First);
            Assert.Equal(last, parts[^1].Last);
            for (var i = 1; i < shards; i++)
            {
                Assert.Equal(parts[i - 1].Last + 1, parts[i].First);
                Assert.Equal(0, parts[i].First & 1);
            }
        }
    }

    [Fact]
    public void All_ports_can_be_taken_and_none_twice()
    {
        var ports = new RelayPorts(TransportAddress.Parse("20.0.0.1:0"), new PortRange(50_001, 50_064), TimeSpan.FromSeconds(30), new RandomPool(new CountingRandom()));
        var taken = new HashSet<int>();
        while (ports.TryTakePair(1, TimeSpan.Zero, out var port))
        {
            Assert.Equal(0, port & 1);
            Assert.True(taken.Add(port) && taken.Add(port + 1));
        }

        Assert.Equal(62, taken.Count);
        while (ports.TryTake(2, even: false, TimeSpan.Zero, out var port))
        {
            Assert.True(taken.Add(port));
        }

        Assert.Equal(64, taken.Count);
        Assert.Equal(0, ports.FreeCount);
        ports.Release(50_010, TimeSpan.Zero);
        Assert.False(ports.TryTake(3, even: false, TimeSpan.FromSeconds(29), out _));
        Assert.True(ports.TryTake(3, even: true, TimeSpan.FromSeconds(30), out var again));
        Assert.Equal(50_010, again);
        Assert.Equal(3, ports.HolderOf(50_010));
    }

    [Fact]
    public void A_bucket_gives_its_burst_and_then_its_rate()
    {
        var bucket = default(TokenBucket);
        var cost = TokenBucket.CostOf(100);
        var now = TimeSpan.FromSeconds(50);
        Assert.Equal(200, Enumerable.Range(0, 300).Count(_ => bucket.TryTake(now, 1, cost, 200)));
        Assert.Equal(100, Enumerable.Range(0, 300).Count(_ => bucket.TryTake(now + TimeSpan.FromSeconds(1), 1, cost, 200)));
        Assert.Equal(200, Enumerable.Range(0, 300).Count(_ => bucket.TryTake(now + TimeSpan.FromSeconds(60), 1, cost, 200)));
    }

    [Fact]
    public void An_unknown_key_never_gets_a_fresh_budget_when_the_table_is_busy()
    {
        var table = new BucketTable(10, 10);
        var random = new Random(9);
        var now = TimeSpan.FromSeconds(1);
        var answered = 0;
        // Far more keys than entries, each asking once in the same second: a fresh budget each would answer all of them.
        for (var i = 0; i < 3_000_000; i++)
        {
            answered += table.TryTake((ulong)random.NextInt64(), now) ? 1 : 0;
        }

        Assert.InRange(answered, 65_536, 65_536 * 10);
    }
}
