using MediaRelay.Stun;
using MediaRelay.Turn.IO.Shards;
using MediaRelay.Turn.IO.Sockets;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>Where received datagrams are joined: for video, not for audio, and without going to and fro between them.</summary>
public sealed class TrainGaugeTests
{
    [Theory]
    [InlineData("160", "off")]
    [InlineData("1200", "on")]
    [InlineData("160 400", "off off")]
    [InlineData("400 160 400 1200 400", "on off off on on")]
    public void Listeners_join_by_the_mean_size_of_the_last_period(string sizes, string expected)
    {
        var socket = DatagramSocket.TryOpen(TransportAddress.Parse("127.0.0.1:0"), new DatagramSocketOptions { Coalesce = true });
        var gauge = new TrainGauge([(0, socket, true)]);
        var now = TimeSpan.Zero;
        var seen = sizes.Split(' ').Select(size =>
        {
            for (var i = 0; i < TrainGauge.LeastDatagrams; i++)
                gauge.Count(int.Parse(size, null), int.Parse(size, null));
            gauge.Observe(now += TimeSpan.FromMilliseconds(60));
            return gauge.ListenersJoin ? "on" : "off";
        });
        Assert.Equal(expected, string.Join(' ', seen));
        DatagramSocket.Close(socket);
    }

    /// <summary>The kernel asks one socket of the group by a hash of its own, so one that takes no trains costs the others theirs.</summary>
    [Fact]
    public void All_sockets_of_a_listener_take_trains_or_none_does()
    {
        const int Shards = 2;
        var listener = UdpListenerSockets.Open(TransportAddress.Parse("127.0.0.1:0"), Shards);
        int[] all = [.. listener.Control, .. listener.Media];
        Assert.Equal([1, 1, 1, 1], all.Select(TakesTrains));

        for (var shard = 0; shard < Shards; shard++)
        {
            var gauge = new TrainGauge([(0, listener.Control[shard], false), (0, listener.Media[shard], true)]);
            for (var i = 0; i < TrainGauge.LeastDatagrams; i++)
                gauge.Count(160, 160);
            gauge.Observe(TimeSpan.FromMilliseconds(60));
        }

        Assert.Equal([0, 0, 0, 0], all.Select(TakesTrains));
        foreach (var socket in all)
            DatagramSocket.Close(socket);
    }

    private static unsafe int TakesTrains(int descriptor)
    {
        int value;
        uint length = sizeof(int);
        Assert.Equal(0, LibC.GetOption(descriptor, LibC.SolUdp, LibC.UdpGro, &value, &length));
        return value;
    }

    [Fact]
    public void A_few_datagrams_or_a_short_time_change_nothing_and_a_train_counts_as_its_datagrams()
    {
        var gauge = new TrainGauge([]);
        gauge.Count(160, 160);
        gauge.Observe(TimeSpan.FromMilliseconds(60));
        Assert.True(gauge.ListenersJoin);
        for (var i = 0; i < TrainGauge.LeastDatagrams / 16; i++)
            gauge.Count(160 * 16, 160);
        gauge.Observe(TimeSpan.FromMilliseconds(70));
        Assert.True(gauge.ListenersJoin);
        gauge.Observe(TimeSpan.FromMilliseconds(120));
        Assert.False(gauge.ListenersJoin);
    }

    [Fact]
    public void A_relay_port_joins_with_its_first_run_of_large_datagrams_from_one_port()
    {
        var gauge = new TrainGauge([]);
        Assert.All(Enumerable.Range(0, 20), i => Assert.False(gauge.CompletesRun(1 + (i % 2), 1200)));
        Assert.All(Enumerable.Range(0, 20), _ => Assert.False(gauge.CompletesRun(7, 160)));
        Assert.Equal([false, false, false, true, false, false], Enumerable.Range(0, 6).Select(_ => gauge.CompletesRun(7, 1200)));
        Assert.False(gauge.CompletesRun(7, 160));
        Assert.Equal([false, false, false, true], Enumerable.Range(0, 4).Select(_ => gauge.CompletesRun(7, 1200)));
    }
}
