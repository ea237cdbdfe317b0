using System.Net;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Tests.Support.Network;

namespace MediaRelay.Media.Tests.Support;

/// <summary>The tools that other tests trust.</summary>
public sealed class VirtualNetworkTests
{
    [Theory]
    [InlineData(NatKind.EndpointIndependent, true, true, true, true)]
    [InlineData(NatKind.AddressRestricted, true, true, false, true)]
    [InlineData(NatKind.PortRestricted, true, false, false, true)]
    [InlineData(NatKind.Symmetric, true, false, false, false)]
    [InlineData(NatKind.UdpBlocked, false, false, false, false)]
    public void A_nat_lets_in_what_its_kind_says(NatKind kind, bool answer, bool otherPort, bool stranger, bool sameMapping)
    {
        var network = new VirtualNetwork();
        var nat = network.AddNat(kind, "20.0.1.1");
        var inner = network.AddHost("inner", nat.Inside, "10.0.0.2").Open();
        var server = network.AddHost("server", null, "20.0.2.1");
        var first = server.Open();
        var second = server.Open();
        var other = network.AddHost("other", null, "20.0.3.1").Open();
        inner.Send(first.Address, [1]);
        network.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(answer, first.Inbox.TryDequeue(out var seen));
        if (!answer) return;
        Assert.Equal(IPAddress.Parse("20.0.1.1"), seen.Source.ToIPAddress());
        first.Send(seen.Source, [2]);
        second.Send(seen.Source, [3]);
        other.Send(seen.Source, [4]);
        network.RunFor(TimeSpan.FromSeconds(1));
        var got = inner.Inbox.Select(d => d.Payload.Span[0]).ToHashSet();
        Assert.Equal((true, otherPort, stranger), (got.Contains(2), got.Contains(3), got.Contains(4)));
        inner.Send(second.Address, [5]);
        network.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(sameMapping, second.Inbox.Dequeue().Source == seen.Source);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Hairpin_is_an_option(bool hairpin)
    {
        var network = new VirtualNetwork();
        var nat = network.AddNat(NatKind.EndpointIndependent, "20.0.1.1");
        nat.Hairpin = hairpin;
        var server = network.AddHost("server", null, "20.0.2.1").Open();
        var a = network.AddHost("a", nat.Inside, "10.0.0.2").Open();
        var b = network.AddHost("b", nat.Inside, "10.0.0.3").Open();
        b.Send(server.Address, [1]);
        network.RunFor(TimeSpan.FromSeconds(1));
        a.Send(server.Inbox.Dequeue().Source, [2]);
        network.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(hairpin, b.Inbox.Count == 1);
    }

    [Fact]
    public void A_mapping_dies_when_it_is_not_used()
    {
        var network = new VirtualNetwork();
        var nat = network.AddNat(NatKind.EndpointIndependent, "20.0.1.1");
        var inner = network.AddHost("inner", nat.Inside, "10.0.0.2").Open();
        var server = network.AddHost("server", null, "20.0.2.1").Open();
        inner.Send(server.Address, [1]);
        network.RunFor(TimeSpan.FromSeconds(100));
        server.Send(server.Inbox.Peek().Source, [2]);
        network.RunFor(TimeSpan.FromSeconds(100));
        Assert.Single(inner.Inbox);
        Assert.Equal(1, nat.Mappings);
        network.RunFor(TimeSpan.FromSeconds(121));
        server.Send(server.Inbox.Peek().Source, [3]);
        network.RunFor(TimeSpan.FromSeconds(1));
        Assert.Single(inner.Inbox);
        Assert.Equal(0, nat.Mappings);
    }

    [Fact]
    public void Loss_duplication_size_and_delay_are_as_told_and_a_seed_repeats_them()
    {
        static (long Delivered, long Lost, long Duplicated, long TooBig, double Last) Run(int seed)
        {
            var conditions = new LinkConditions(TimeSpan.FromMilliseconds(30), TimeSpan.FromMilliseconds(20), 0.2, 0.1, 1000);
            var network = new VirtualNetwork(seed) { Conditions = conditions };
            var a = network.AddHost("a", null, "20.0.1.1").Open();
            var b = network.AddHost("b", null, "20.0.2.1").Open();
            var last = TimeSpan.Zero;
            b.Received = _ => last = network.Now;
            for (var i = 0; i < 2000; i++) a.Send(b.Address, new byte[i % 2 == 0 ? 900 : 973]);
            network.RunFor(TimeSpan.FromSeconds(1));
            return (network.Counters.Delivered, network.Counters.Lost, network.Counters.Duplicated, network.Counters.TooBig, last.TotalMilliseconds);
        }
        var run = Run(7);
        Assert.Equal(run, Run(7));
        Assert.NotEqual(run, Run(8));
        Assert.Equal(1000, run.TooBig);
        Assert.InRange(run.Lost, 150, 250);
        Assert.InRange(run.Duplicated, 50, 120);
        Assert.Equal(1000 - run.Lost + run.Duplicated, run.Delivered);
        Assert.InRange(run.Last, 45, 50);
    }

    [Fact]
    public void A_stream_through_a_udp_blocking_nat_keeps_bytes_in_order_under_loss()
    {
        var network = new VirtualNetwork(3) { Conditions = LinkConditions.Lossy(0.2) };
        var nat = network.AddNat(NatKind.UdpBlocked, "20.0.1.1");
        var inner = network.AddHost("inner", nat.Inside, "10.0.0.2");
        var server = network.AddHost("server", null, "20.0.2.1");
        var got = new List<byte>();
        TransportAddress seen = default;
        server.Listen(443, s =>
        {
            seen = s.RemoteAddress;
            s.Received = b => got.AddRange(b.Span);
        });
        var stream = inner.Connect(TransportAddress.Parse("20.0.2.1:443"));
        var isRefused = false;
        inner.Connect(TransportAddress.Parse("20.0.2.1:444")).Closed = () => isRefused = true;
        stream.SegmentSize = 7;
        stream.Opened = () => stream.Send([.. Enumerable.Range(0, 200).Select(i => (byte)i)]);
        network.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => (byte)i), got);
        Assert.Equal(nat.OuterAddress, seen.ToIPAddress());
        Assert.True(isRefused);
    }

    [Fact]
    public void Manual_time_fires_timers_in_order_and_ignores_the_wall_clock()
    {
        var time = new ManualTime();
        var fired = new List<(string, TimeSpan)>();
        using var late = time.CreateTimer(_ => fired.Add(("late", time.Elapsed)), null, TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        using var often = time.CreateTimer(_ => fired.Add(("often", time.Elapsed)), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        var start = time.GetTimestamp();
        time.WallClockStep = TimeSpan.FromHours(-1);
        time.Advance(TimeSpan.FromSeconds(3.5));
        Assert.Equal(["often", "often", "late", "often"], fired.Select(f => f.Item1));
        Assert.Equal([1.0, 2, 3, 3], fired.Select(f => f.Item2.TotalSeconds));
        Assert.Equal(3.5, time.GetElapsedTime(start).TotalSeconds, 6);
        Assert.NotEqual(TimeSpan.TicksPerSecond, time.TimestampFrequency);
        Assert.Equal(1, time.ArmedTimers);
    }

    [Fact]
    public void Counted_randomness_repeats_by_seed_and_the_allocation_check_finds_allocations()
    {
        var a = new byte[33];
        var b = new byte[33];
        using var first = new CountingRandom(4);
        using var second = new CountingRandom(4);
        first.GetBytes(a);
        second.GetBytes(b);
        Assert.Equal(a, b);
        Assert.Equal(33, first.BytesDrawn);
        second.GetBytes(b);
        Assert.NotEqual(a, b);
        var kept = new object();
        Assert.Throws<AllocationException>(() => AllocationCheck.Zero(() => kept = new object()));
        AllocationCheck.Zero(() => a[0]++);
        Assert.NotNull(kept);
    }
}
