using MediaRelay.Media.Congestion;
using MediaRelay.Media.Rtp;
using MediaRelay.Tests.Support;
using MediaRelay.Tests.Support.Network;
using Xunit.Abstractions;

namespace MediaRelay.Media.Tests.Congestion;

/// <summary>The estimate of a path and what a viewer gets of the picture, in virtual time.</summary>
public sealed class CongestionTests(ITestOutputHelper output)
{
    private static LinkConditions Link(long rate, double loss = 0, int jitter = 0, int delay = 20) =>
        new(TimeSpan.FromMilliseconds(delay), TimeSpan.FromMilliseconds(jitter), loss, BitsPerSecond: rate);

    [Theory]
    [InlineData(8_000_000, 0, 0)]
    [InlineData(3_000_000, 0, 0)]
    [InlineData(0, 0.02, 0)]
    [InlineData(0, 0.06, 0)]
    [InlineData(0, 0, 15)]
    [InlineData(5_000_000, 0.02, 10)]
    public void A_path_that_takes_the_picture_is_left_alone(long rate, double loss, int jitter)
    {
        for (var seed = 1; seed <= 5; seed++)
        {
            var scene = new PathScene(1_000_000, Link(rate, loss, jitter), seed, canReduce: true);
            scene.RunFor(60);
            Assert.Empty(scene.Changes);
            Assert.True(scene.Estimator.HasFeedback);
            Assert.True(scene.Estimator.BitsPerSecond > 900_000, $"{scene.Estimator.BitsPerSecond}");
        }
    }

    [Theory]
    [InlineData(600_000, 0)]
    [InlineData(400_000, 0.05)]
    public void A_path_that_is_too_narrow_gets_the_smaller_picture_within_seconds_and_is_not_full_any_more(long rate, double loss)
    {
        for (var seed = 1; seed <= 5; seed++)
        {
            var scene = new PathScene(1_300_000, Link(rate, loss), seed, canReduce: true);
            scene.RunFor(12);
            var (at, quality) = scene.Changes[0];
            output.WriteLine($"seed {seed}: {string.Join(", ", scene.Changes.Select(c => $"{c.At:0.0} s {c.Quality}"))}; arrived {scene.Rate(4, 12) / 1000:0} kbit/s, estimate {scene.Estimator.BitsPerSecond / 1000}");
            Assert.Equal(ViewerQuality.Reduced, quality);
            Assert.InRange(at, 0.5, 4);
            // In the long run most of the time is spent below, not in trials.
            scene.RunFor(108);
            Assert.True(scene.Changes.Count(c => c.Quality == ViewerQuality.Full) <= 6, string.Join(", ", scene.Changes));
        }
    }

    [Theory]
    [InlineData(150_000, 300_000, 0, 10)]
    [InlineData(150_000, 300_000, 0, 100)]
    [InlineData(150_000, 300_000, 0.02, 100)]
    [InlineData(2_500_000, 5_000_000, 0, 10)]
    [InlineData(2_500_000, 5_000_000, 0.02, 10)]
    [InlineData(2_500_000, 5_000_000, 0.02, 100)]
    [InlineData(10_000_000, 20_000_000, 0, 10)]
    [InlineData(10_000_000, 20_000_000, 0.02, 10)]
    [InlineData(10_000_000, 20_000_000, 0.02, 100)]
    public void A_path_of_any_rate_and_length_that_takes_twice_the_picture_is_left_alone(long camera, long rate, double loss, int delay)
    {
        for (var seed = 1; seed <= 3; seed++)
        {
            var scene = new PathScene(camera, Link(rate, loss, delay: delay), seed, canReduce: true);
            scene.RunFor(40);
            Assert.True(scene.Changes.Count == 0, $"seed {seed}: {string.Join(", ", scene.Changes)}; estimate {scene.Estimator.BitsPerSecond}, loss {scene.Estimator.Loss:0.000}");
        }
    }

    [Theory]
    [InlineData(800_000, 300_000, 0, 10)]
    [InlineData(800_000, 300_000, 0, 100)]
    [InlineData(800_000, 300_000, 0.02, 100)]
    [InlineData(8_000_000, 5_000_000, 0, 10)]
    [InlineData(8_000_000, 5_000_000, 0.02, 10)]
    [InlineData(8_000_000, 5_000_000, 0.02, 100)]
    [InlineData(32_000_000, 20_000_000, 0, 10)]
    [InlineData(32_000_000, 20_000_000, 0.02, 10)]
    [InlineData(32_000_000, 20_000_000, 0.02, 100)]
    public void A_path_of_any_rate_and_length_that_is_too_narrow_gets_the_smaller_picture_and_keeps_it(long camera, long rate, double loss, int delay)
    {
        for (var seed = 1; seed <= 3; seed++)
        {
            var scene = new PathScene(camera, Link(rate, loss, delay: delay), seed, canReduce: true);
            scene.RunFor(60);
            var story = $"seed {seed}: {string.Join(", ", scene.Changes.Select(c => $"{c.At:0.0} s {c.Quality}"))}; estimate {scene.Estimator.BitsPerSecond / 1000}, loss {scene.Estimator.Loss:0.000}";
            Assert.True(scene.Changes.Count > 0 && scene.Changes[0] is (> 0.5 and < 5, ViewerQuality.Reduced), story);
            Assert.True(scene.Changes.TrueForAll(c => c.Quality != ViewerQuality.KeyFrames) && scene.Changes.Count(c => c.Quality == ViewerQuality.Full) <= 5, story);
        }
    }

    [Theory]
    [InlineData(300)]
    [InlineData(20)]
    public void A_smaller_picture_that_takes_seconds_to_begin_is_kept_and_the_whole_one_comes_back_later(int queueMs)
    {
        for (var seed = 1; seed <= 5; seed++)
        {
            var scene = new PathScene(1_300_000, Link(8_000_000), seed, canReduce: true, startOfSmall: 3);
            scene.RunFor(5);
            Assert.Empty(scene.Changes);
            scene.Path = Link(480_000) with { Queue = TimeSpan.FromMilliseconds(queueMs) };
            var estimates = new List<long>();
            for (var half = 0; half < 18; half++)
            {
                scene.RunFor(0.5);
                estimates.Add(scene.Estimator.BitsPerSecond / 1000);
            }
            string Story() => $"seed {seed}: {string.Join(", ", scene.Changes.Select(c => $"{c.At:0.0} s {c.Quality}"))}; {scene.Rate(11.5, 14) / 1000} kbit/s; estimates {string.Join(' ', estimates)}, loss {scene.Estimator.Loss:0.000}";
            Assert.True(scene.Changes is [(< 9, ViewerQuality.Reduced)], Story());
            // The smaller picture of this scene has 171 kbit/s; a queue of 20 ms holds one packet here, so some of each key frame is lost.
            Assert.True(scene.Rate(11.5, 14) > 0.8 * 171_000, Story());
            scene.Path = Link(20_000_000);
            scene.RunFor(30);
            Assert.True(scene.Governor.Quality == ViewerQuality.Full && scene.Changes.TrueForAll(c => c.Quality != ViewerQuality.KeyFrames), Story());
        }
    }

    [Theory]
    [InlineData(300)]
    [InlineData(20)]
    public void What_a_viewer_asks_for_again_does_not_hold_up_the_smaller_picture(int queueMs)
    {
        for (var seed = 1; seed <= 5; seed++)
        {
            var scene = new PathScene(1_300_000, Link(20_000_000), seed, canReduce: true, startOfSmall: 1, asksAgain: true);
            scene.RunFor(3);
            Assert.Empty(scene.Changes);
            scene.Path = Link(480_000) with { Queue = TimeSpan.FromMilliseconds(queueMs) };
            scene.RunFor(12);
            string Story() => $"seed {seed}: {string.Join(", ", scene.Changes.Select(c => $"{c.At:0.0} s {c.Quality}"))}; estimate {scene.Estimator.BitsPerSecond / 1000}, silence of {scene.LongestSilence.TotalSeconds:0.0} s";
            Assert.True(scene.Changes.Count > 0 && scene.Changes[0].Quality == ViewerQuality.Reduced && scene.Changes.TrueForAll(c => c.Quality != ViewerQuality.KeyFrames), Story());
            // The transcoder takes a second to begin; nothing else may keep the path empty.
            Assert.True(scene.LongestSilence < TimeSpan.FromSeconds(1.8), Story());
        }
    }

    [Fact]
    public void Without_a_transcoder_a_narrow_path_gets_key_frames_alone_and_numbers_without_gaps()
    {
        var scene = new PathScene(1_300_000, Link(500_000), canReduce: false);
        scene.RunFor(4);
        Assert.Equal(ViewerQuality.KeyFrames, scene.Governor.Quality);
        Assert.True(scene.Skipped > 20);
        var before = scene.Sequences.Count;
        scene.RunFor(4);
        var later = scene.Sequences.Skip(before).ToList();
        Assert.True(later.Count > 60);
        for (var i = 1; i < later.Count; i++) Assert.Equal((ushort)(later[i - 1] + 1), later[i]);
        Assert.InRange(scene.Rate(4, 8), 100_000, 480_000);
    }

    [Fact]
    public void When_the_path_widens_the_whole_picture_comes_back()
    {
        var scene = new PathScene(1_300_000, Link(500_000), canReduce: true);
        scene.RunFor(5);
        Assert.Equal(ViewerQuality.Reduced, scene.Governor.Quality);
        scene.Path = Link(20_000_000);
        scene.RunFor(30);
        Assert.Equal(ViewerQuality.Full, scene.Governor.Quality);
        var count = scene.Changes.Count;
        scene.RunFor(60);
        Assert.Equal(count, scene.Changes.Count);
        output.WriteLine(string.Join(", ", scene.Changes.Select(c => $"{c.At:0.0} s {c.Quality}")));
    }

    [Fact]
    public void A_peer_that_reports_nothing_is_left_alone()
    {
        var estimator = new BandwidthEstimator();
        var governor = new QualityGovernor();
        for (var i = 0; i < 100; i++) Assert.False(governor.Handle(estimator, 9_000_000, true, TimeSpan.FromSeconds(i)));
        Assert.False(estimator.HasFeedback);
    }

    [Fact]
    public void A_limit_that_the_peer_names_counts_and_so_does_heavy_loss_in_its_reports()
    {
        var named = new BandwidthEstimator();
        named.HandleRemb(700_000, TimeSpan.FromSeconds(1));
        Assert.Equal(700_000, named.BitsPerSecond);
        var governor = new QualityGovernor();
        Assert.False(governor.Handle(named, 1_000_000, false, TimeSpan.FromSeconds(1)));
        Assert.True(governor.Handle(named, 1_000_000, false, TimeSpan.FromSeconds(1.8)));
        Assert.Equal(ViewerQuality.KeyFrames, governor.Quality);

        var reported = new BandwidthEstimator();
        reported.HandleReport(10, 1_000_000, TimeSpan.FromSeconds(1));
        Assert.False(reported.HasFeedback);
        reported.HandleReport(64, 1_000_000, TimeSpan.FromSeconds(2));
        Assert.Equal(875_000, reported.BitsPerSecond);
    }

    [Fact]
    public void Failed_trials_come_ever_more_rarely()
    {
        var estimator = new BandwidthEstimator();
        var governor = new QualityGovernor();
        var ups = new List<double>();
        for (var ms = 0; ms < 400_000; ms += 200)
        {
            var now = TimeSpan.FromMilliseconds(ms);
            if (ms % 1000 == 0) estimator.HandleRemb(300_000, now);
            if (governor.Handle(estimator, governor.Quality == ViewerQuality.Full ? 1_000_000 : 200_000, true, now) && governor.Quality == ViewerQuality.Full) ups.Add(now.TotalSeconds);
        }
        var pauses = ups.Zip(ups.Skip(1), (a, b) => b - a).ToList();
        Assert.Equal(pauses.Order(), pauses);
        Assert.True(pauses[^1] > 75, string.Join(", ", ups));
    }

    [Fact]
    public void The_pacer_lets_a_burst_out_at_once_and_spreads_the_rest()
    {
        var estimator = new BandwidthEstimator();
        var pacer = new SendPacer(estimator);
        var now = TimeSpan.FromSeconds(1);
        Assert.InRange(Drain(), SendPacer.Burst, SendPacer.Burst + 1200);
        // 4 Mbit/s are assumed at first, so 10 Mbit/s leave.
        Assert.InRange(Spread(100), 0.085, 0.11);
        estimator.HandleRemb(2_000_000, now);
        estimator.HandleRemb(1_000_000, now);
        Assert.True(estimator.IsStrained(now));
        Assert.InRange(Spread(100), 0.75, 0.95);
        now += TimeSpan.FromSeconds(5);
        Assert.InRange(Drain(), SendPacer.StrainedBurst, SendPacer.StrainedBurst + 1200);

        int Drain()
        {
            var sent = 0;
            for (; pacer.CanSend(now); sent += 1200) pacer.HandleSent(1200);
            return sent;
        }

        double Spread(int packets)
        {
            var start = now;
            for (var sent = 0; sent < packets * 1200; sent += Drain())
            {
                var next = pacer.NextAt();
                Assert.True(next > now);
                now = next;
            }
            return (now - start).TotalSeconds;
        }
    }

    [Fact]
    public void After_a_pause_neither_the_queue_nor_the_rate_of_before_counts()
    {
        var trend = new DelayTrend();
        var rate = new RateMeter();
        for (var i = 0; i < 60; i++)
        {
            trend.Handle(TimeSpan.FromMilliseconds(i * 20), TimeSpan.FromMilliseconds(i * 26));
            rate.Add(1000, TimeSpan.FromMilliseconds(i * 20));
        }
        Assert.True(trend.IsGrowing);
        Assert.InRange(rate.BitsPerSecond(TimeSpan.FromMilliseconds(1190)), 390_000, 410_000);
        trend.Handle(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5.3));
        Assert.False(trend.IsGrowing);
        for (var ms = 5000; ms < 6000; ms += 20) rate.Add(500, TimeSpan.FromMilliseconds(ms));
        Assert.InRange(rate.BitsPerSecond(TimeSpan.FromMilliseconds(5990)), 190_000, 210_000);
    }

    [Fact]
    public void Feedback_that_is_malformed_foreign_or_repeated_changes_nothing()
    {
        var estimator = new BandwidthEstimator();
        estimator.HandleSent(1000, TimeSpan.Zero);
        var receiver = new TransportWideReceiver();
        Assert.Equal(0, receiver.Write(new byte[1100]));
        receiver.Handle(5000, TimeSpan.FromMilliseconds(10));
        var content = new byte[1100];
        var length = receiver.Write(content);
        estimator.HandleTransportFeedback(content.AsSpan(0, length), TimeSpan.FromMilliseconds(20));
        for (var cut = 0; cut < length; cut++) estimator.HandleTransportFeedback(content.AsSpan(0, cut), TimeSpan.FromMilliseconds(20));
        Assert.False(estimator.HasFeedback);
        Assert.Equal(BandwidthEstimator.Start, estimator.BitsPerSecond);
        var random = new Random(3);
        for (var i = 0; i < 20_000; i++)
        {
            random.NextBytes(content.AsSpan(0, 40));
            estimator.HandleTransportFeedback(content.AsSpan(0, random.Next(41)), TimeSpan.FromMilliseconds(i));
            Assert.InRange(estimator.BitsPerSecond, BandwidthEstimator.Least, BandwidthEstimator.Most);
        }
    }

    [Fact]
    public void Nothing_is_allocated_per_packet_or_report()
    {
        var estimator = new BandwidthEstimator();
        var governor = new QualityGovernor();
        var pacer = new SendPacer(estimator);
        var receiver = new TransportWideReceiver();
        var content = new byte[1100];
        var now = TimeSpan.Zero;
        AllocationCheck.Zero(() =>
        {
            now += TimeSpan.FromMilliseconds(100);
            for (var i = 0; i < 20; i++)
            {
                pacer.CanSend(now);
                receiver.Handle(estimator.HandleSent(1100, now), now + TimeSpan.FromMilliseconds(i));
                pacer.HandleSent(1100);
            }
            estimator.HandleTransportFeedback(content.AsSpan(0, receiver.Write(content)), now + TimeSpan.FromMilliseconds(60));
            governor.Handle(estimator, 1_000_000, false, now);
        });
        Assert.True(estimator.HasFeedback);
    }
}
