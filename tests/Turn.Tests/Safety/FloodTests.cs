using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Safety;

/// <summary>What outsiders can cost: memory, answers, bytes.</summary>
public sealed class FloodTests
{
    private const int WireOverhead = 28;

    [Theory]
    [InlineData("without credentials")]
    [InlineData("with forged credentials")]
    [InlineData("binding")]
    [InlineData("garbage")]
    public void Ninety_thousand_unauthenticated_requests_allocate_nothing(string kind)
    {
        var scene = new Scene();
        var attacker = scene.Client("mallory", "x");
        attacker.Nonce = [.. "obMatJos2gAAA"u8, .. "00000000AAAAAAAAAAAAAAAA"u8];
        var request = kind switch
        {
            "with forged credentials" => attacker.Signed(StunMethod.Allocate, (ref StunWriter w) => w.AddRequestedTransport(17)),
            "binding" => attacker.Plain(StunMethod.Binding),
            "garbage" => [0, 3, 0, 8, 0x21, 0x12, 0xA4, 0x42, .. new byte[12], 0, 0x06, 0xFF, 0xFF, 1, 2, 3, 4],
            _ => attacker.Plain(StunMethod.Allocate, (ref StunWriter w) => w.AddRequestedTransport(17)),
        };
        var reply = new byte[RelayEngine.MaxReply];
        var commands = new List<RelayCommand>();
        var answers = 0;
        void Flood(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var from = new FiveTuple(TransportAddress.V4((uint)(0x5000_0000 + (i * 7919)), (ushort)(1024 + (i % 60_000))), Scene.UdpV4);
                answers += scene.Engine.HandleRequest(request, from, scene.Now + TimeSpan.FromMilliseconds(i / 9.0), scene.Utc, reply, commands) > 0 ? 1 : 0;
            }
        }

        Flood(1000);
        var least = long.MaxValue;
        for (var attempt = 0; attempt < 3 && least != 0; attempt++)
        {
            // The runtime itself may allocate once while it compiles the loop again.
            var before = GC.GetAllocatedBytesForCurrentThread();
            Flood(90_000);
            least = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, least);
        Assert.Empty(commands);
        Assert.Equal(0, scene.Engine.UserCount);
        Assert.Null(scene.Engine.NextDeadline);
        Assert.Equal(kind != "garbage", answers > 0);
    }

    /// <summary>Request, most answer bytes per request byte on the wire.</summary>
    [Theory]
    [InlineData(StunMethod.Binding, false, true, 1.3)]
    [InlineData(StunMethod.Allocate, true, true, 2.7)]
    [InlineData(StunMethod.Allocate, true, false, 2.1)]
    [InlineData(StunMethod.Allocate, false, true, 2.7)]
    [InlineData(StunMethod.Refresh, false, true, 2.7)]
    [InlineData(StunMethod.CreatePermission, false, false, 2.1)]
    [InlineData(StunMethod.ChannelBind, false, true, 2.7)]
    public void Answers_to_strangers_stay_within_their_ratio(StunMethod method, bool withTransport, bool offersSha256, double most)
    {
        var worst = 0.0;
        foreach (var realm in new[] { "example.org", "a-realm-of-24-characters" })
        {
            var scene = new Scene(credentials: new Turn.Access.RelayCredentials(realm) { OffersSha256 = offersSha256 });
            var client = scene.Client();
            var request = client.Plain(method, (ref StunWriter w) =>
            {
                if (withTransport)
                {
                    w.AddRequestedTransport(17);
                }
            });
            var answer = scene.Send(request, client.Path);
            Assert.False(withTransport && realm.Length < 12 && answer.IsSilent, "a plain Allocate is answered");
            worst = Math.Max(worst, answer.IsSilent ? 0 : (double)(answer.Bytes.Length + WireOverhead) / (request.Length + WireOverhead));
        }

        Assert.InRange(worst, 0, most);
    }

    [Fact]
    public void A_sustained_flood_from_one_address_gets_back_less_than_it_sends()
    {
        var scene = new Scene();
        var client = scene.Client();
        var request = client.Plain(StunMethod.Allocate, (ref StunWriter w) => w.AddRequestedTransport(17));
        long sent = 0;
        long received = 0;
        for (var i = 0; i < 20_000; i++)
        {
            scene.Now += TimeSpan.FromMilliseconds(1);
            var answer = scene.Send(request, client.Path with { Client = client.Path.Client.WithPort(1024 + (i % 50_000)) });
            sent += request.Length + WireOverhead;
            received += answer.IsSilent ? 0 : answer.Bytes.Length + WireOverhead;
        }

        Assert.InRange((double)received / sent, 0.1, 0.35);
    }

    /// <summary>The kernel spreads the ports of one address over all shards: together they answer it no more than one would.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void One_address_gets_no_more_answers_from_many_shards_than_from_one(int shards)
    {
        var limits = new RelayLimits();
        var budgets = new Limits.AnswerBudgets(limits, new CountingRandom(3));
        var scenes = Enumerable.Range(0, shards).Select(i => new Scene(s => s with { Shard = (byte)i, Budgets = budgets })).ToList();
        var client = scenes[0].Client();
        var request = client.Plain(StunMethod.Allocate, (ref StunWriter w) => w.AddRequestedTransport(17));
        var answers = 0;
        for (var i = 0; i < 10_000; i++)
        {
            var scene = scenes[i % shards];
            scene.Now = TimeSpan.FromHours(1) + TimeSpan.FromMilliseconds(i / 5.0);
            answers += scene.Send(request, client.Path with { Client = client.Path.Client.WithPort(1024 + i) }).IsSilent ? 0 : 1;
        }

        Assert.InRange(answers, limits.AnswersPerSourceBurst + (2 * limits.AnswersPerSource) - 1, limits.AnswersPerSourceBurst + (2 * limits.AnswersPerSource) + 1);
    }

    [Fact]
    public void Wrong_passwords_of_one_name_are_counted_over_all_shards()
    {
        var budgets = new Limits.AnswerBudgets(new RelayLimits(), new CountingRandom(3));
        var scenes = Enumerable.Range(0, 4).Select(i => new Scene(s => s with { Shard = (byte)i, Budgets = budgets })).ToList();
        var client = scenes[0].Client(password: "wrong");
        var request = client.Signed(StunMethod.Allocate, (ref StunWriter w) => w.AddRequestedTransport(17));
        Assert.Equal(20, Enumerable.Range(0, 100).Count(i => !scenes[i % 4].Send(request, client.Path).IsSilent));
    }

    [Fact]
    public void Shards_that_spend_in_the_same_instant_spend_no_more_than_there_is()
    {
        var limits = new RelayLimits();
        for (var round = 0; round < 20; round++)
        {
            var budgets = new Limits.AnswerBudgets(limits, new CountingRandom((ulong)round));
            var answered = 0;
            var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
            {
                for (var i = 0; i < 1000; i++)
                {
                    if (budgets.TryAnswer(Scene.Peer, TimeSpan.FromHours(1)))
                    {
                        Interlocked.Increment(ref answered);
                    }
                }
            })).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            Assert.Equal(limits.AnswersPerSourceBurst, answered);
        }
    }

    [Fact]
    public void Good_clients_behind_one_carrier_NAT_address_are_not_starved()
    {
        var scene = new Scene(limits: l => l with { AllocationsPerUser = 1000, AllocationsPerSubscriber = 1000 });
        // 100 clients a second start behind one address: each needs one answer before its nonce counts.
        for (var i = 0; i < 400; i++)
        {
            scene.Now += TimeSpan.FromMilliseconds(10);
            Assert.Equal(0, scene.Client(address: $"192.0.2.10:{10_000 + i}").Allocate().Code);
        }
    }

    [Fact]
    public void A_flood_on_one_address_does_not_touch_another_or_streams()
    {
        var scene = new Scene();
        var request = scene.Client().Plain(StunMethod.Allocate, (ref StunWriter w) => w.AddRequestedTransport(17));
        for (var i = 0; i < 1000; i++)
        {
            scene.Send(request, scene.Client().Path);
        }

        Assert.True(scene.Send(request, scene.Client().Path).IsSilent);
        Assert.Equal(RefusalReason.RateLimit, scene.Engine.LastOutcome.Reason);
        Assert.Equal(0, scene.Client(address: "192.0.2.99:1").Allocate().Code);
        Assert.Equal(0, scene.Client(listener: Scene.TcpV4, connection: 1).Allocate().Code);
    }

    [Fact]
    public void The_whole_node_answers_at_most_20000_strangers_a_second()
    {
        var scene = new Scene();
        var request = scene.Client().Plain(StunMethod.Binding);
        var answered = 0;
        for (var i = 0; i < 60_000; i++)
        {
            answered += scene.Send(request, new FiveTuple(TransportAddress.V4((uint)(0x5000_0000 + i), 5), Scene.UdpV4)).IsSilent ? 0 : 1;
        }

        Assert.InRange(answered, 19_000, 20_001);
    }

    [Fact]
    public void What_is_no_request_is_met_with_silence()
    {
        var scene = new Scene();
        var client = scene.Client();
        byte[][] messages =
        [
            client.Plain(StunMethod.Binding, null, StunClass.Success),
            client.Plain(StunMethod.Binding, null, StunClass.Error),
            client.Plain(StunMethod.Binding, null, StunClass.Indication),
            client.Plain(StunMethod.Data, null, StunClass.Indication),
            client.Plain((StunMethod)0x123),
            client.Plain(StunMethod.Connect), // RFC 6062 is off
            [0, 1, 0, 0, 1, 2, 3, 4, .. new byte[12]], // RFC 3489
            [.. client.Plain(StunMethod.Binding), 0],
            client.Plain(StunMethod.Binding)[..19],
            new byte[1600],
            [],
            [0x16, 0xFE, 0xFD, 0, 0],
        ];
        foreach (var message in messages)
        {
            Assert.True(scene.Send(message, client.Path).IsSilent);
        }

        Assert.True(scene.Engine.Counters.Ignored >= 11);
    }

    [Fact]
    public void A_wrong_fingerprint_is_no_STUN()
    {
        var scene = new Scene();
        var client = scene.Client();
        var request = client.Plain(StunMethod.Binding, (ref StunWriter w) => w.AddFingerprint());
        Assert.Equal(0, scene.Send(request, client.Path).Code);
        request[^1] ^= 1;
        Assert.True(scene.Send(request, client.Path).IsSilent);
    }

    [Fact]
    public void Section_5_Binding_answers_with_the_mapped_address()
    {
        var scene = new Scene();
        foreach (var (address, listener) in new[] { ("192.0.2.10:4000", Scene.UdpV4), ("[2a00:9::9]:99", Scene.UdpV6), ("192.0.2.10:4000", Scene.TlsV4) })
        {
            var client = scene.Client(address: address, listener: listener);
            Assert.Equal(client.Path.Client, scene.Send(client.Plain(StunMethod.Binding), client.Path).Address(StunAttributeType.XorMappedAddress));
        }
    }
}
