using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;

namespace MediaRelay.Qos.Tests.Policy;

/// <summary>Routing, rewriting, isolation and rules of the policy server.</summary>
public sealed class PolicyServerTests
{
    [Fact]
    public void Subscribers_are_routed_to_their_cmts()
    {
        QosWorld world = new QosWorld(cmtsCount: 2).Start();
        world.Manager.Request("s", Given.Request("10.1.0.1"), Given.Request("10.2.0.1"), Given.Request("10.2.0.2"));
        world.Settle();
        Assert.Equal([1, 2], world.Cmts.Select(c => c.Engine.GateCount));
    }

    [Theory]
    [InlineData("192.0.2.2", GateEventKind.Set)] // Where the application manager of this world connects from.
    [InlineData("192.0.2.0/24", GateEventKind.Set)]
    [InlineData("192.0.2.3", GateEventKind.Refused)]
    public void An_application_is_served_only_from_the_addresses_that_belong_to_it(string peers, GateEventKind outcome)
    {
        Assert.True(PolicyRules.TryParse(System.Text.Encoding.UTF8.GetBytes($$"""{ "applications": [{ "tag": 22136, "peers": ["{{peers}}"] }] }"""), out PolicyRules rules, out _));
        QosWorld world = new QosWorld(rules: rules).Start();
        GateHandle gate = world.Manager.Request("s", Given.Request())[0];
        world.Settle();
        Assert.Equal(outcome, world.Manager.Last(gate)!.Kind);
        if (outcome == GateEventKind.Refused) Assert.Equal(PcmmErrorCode.UnauthorizedAmid, world.Manager.Last(gate)!.Error.Code);
    }

    [Fact]
    public void A_peer_that_is_no_address_is_said_in_a_sentence()
    {
        Assert.False(PolicyRules.TryParse("""{ "applications": [{ "peers": ["here"] }] }"""u8, out _, out IReadOnlyList<string> faults));
        Assert.Equal(["Rules, applications: \"here\" is no address or range of peers. Write for example 192.0.2.10/32."], faults);
    }

    [Fact]
    public void Without_rules_a_subscriber_has_at_most_four_new_gates_a_minute_and_eight_in_all()
    {
        QosWorld world = new QosWorld(rules: new PolicyRules()).Start();
        ushort port = 20000;
        Assert.Equal([0, 0, 0, 0, 2, 2], Ask(6));
        GateHandle other = world.Manager.Request("other", Given.Request("10.1.0.8"))[0];
        world.Settle();
        Assert.Equal(GateEventKind.Set, world.Manager.Last(other)!.Kind);
        world.Run(TimeSpan.FromSeconds(61));
        Assert.Equal([0, 0, 0, 0, 1], Ask(5));

        // Sub-codes of error 16, 0 for a gate that was set.
        int[] Ask(int count)
        {
            GateSpec quiet = Given.Upstream with { T3 = 0 };
            GateHandle[] gates = [.. Enumerable.Range(0, count).Select(_ => world.Manager.Request("s", Given.Request(spec: quiet, port: port += 2))[0])];
            world.Settle();
            return [.. gates.Select(g => world.Manager.Last(g)!.Error is { IsNone: false } error ? (int)error.SubCode : 0)];
        }
    }

    [Fact]
    public void Gates_that_a_cmts_forgot_come_back_together_and_do_not_count_as_new()
    {
        QosWorld world = new QosWorld(rules: new PolicyRules()).Start();
        ushort port = 20000;
        Ask(4);
        world.Run(TimeSpan.FromSeconds(61));
        Ask(4);
        Assert.Equal(8, world.Cmts[0].Engine.GateCount);
        world.Run(TimeSpan.FromSeconds(61));
        world.Cmts[0].Reboot();
        world.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(8, world.Cmts[0].Engine.GateCount);
        // What is forgiven is as many as were lost, no more: the ninth is one too many.
        GateHandle more = Ask(1)[0];
        Assert.Equal(PolicyExceptionCode.GatesPerSubscriber, (PolicyExceptionCode)world.Manager.Last(more)!.Error.SubCode);

        GateHandle[] Ask(int count)
        {
            GateHandle[] gates = [.. Enumerable.Range(0, count).Select(_ => world.Manager.Request("s", Given.Request(spec: Given.Upstream with { T3 = 0 }, port: port += 2))[0])];
            world.Settle();
            return gates;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_subscriber_whose_gates_a_cmts_forgot_is_itself_forgotten_a_minute_later(int gates)
    {
        QosWorld world = new QosWorld(rules: new PolicyRules()).Start();
        world.Manager.Request("s", [.. Enumerable.Range(0, gates).Select(i => Given.Request(spec: Given.Upstream with { T3 = 0 }, port: (ushort)(20000 + (2 * i))))]);
        world.Run(TimeSpan.FromSeconds(61));
        world.Manager.IsUp = false; // So that nobody asks for them again.
        world.Manager.Cut();
        world.Cmts[0].Reboot();
        world.Run(TimeSpan.FromSeconds(30));
        Assert.Equal((0, 1), (world.Servers[0].Engine.GateCount, world.Servers[0].Engine.SubscriberCount));
        world.Run(TimeSpan.FromSeconds(40));
        Assert.Equal(0, world.Servers[0].Engine.SubscriberCount);
    }

    [Fact]
    public void A_subscriber_without_gates_is_remembered_for_as_long_as_its_new_gates_count()
    {
        QosWorld world = new QosWorld(rules: new PolicyRules()).Start();
        Assert.Equal([0, 0, 0, 0], SetAndRelease(20000, 4));
        world.Run(TimeSpan.FromSeconds(50));
        Assert.Equal((0, 1), (world.Servers[0].Engine.GateCount, world.Servers[0].Engine.SubscriberCount));
        Assert.Equal([2], SetAndRelease(20100, 1));
        world.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(0, world.Servers[0].Engine.SubscriberCount);
        Assert.Equal([0], SetAndRelease(20200, 1));

        // With a gate again it stays, and is counted.
        world.Manager.Request("s", [.. Enumerable.Range(0, 3).Select(i => Given.Request(spec: Given.Upstream with { T3 = 0 }, port: (ushort)(20300 + (2 * i))))]);
        world.Run(TimeSpan.FromSeconds(61));
        Assert.Equal((3, 1), (world.Servers[0].Engine.GateCount, world.Servers[0].Engine.SubscriberCount));

        // Sub-codes of error 16, 0 for a gate that was set.
        int[] SetAndRelease(ushort port, int count)
        {
            IReadOnlyList<GateHandle> gates = world.Manager.Request("s", [.. Enumerable.Range(0, count).Select(i => Given.Request(port: (ushort)(port + (2 * i))))]);
            world.Settle();
            int[] codes = [.. gates.Select(g => world.Manager.Last(g)!.Error is { IsNone: false } error ? (int)error.SubCode : 0)];
            world.Manager.Release("s");
            world.Settle();
            return codes;
        }
    }

    [Theory]
    [InlineData("{}", 4)]
    [InlineData("""{ "newGatesPerMinute": null }""", 8)]
    [InlineData("""{ "newGatesPerMinute": null, "maxGatesPerSubscriber": 12 }""", 12)]
    [InlineData("""{ "newGatesPerMinute": null, "maxGatesPerSubscriber": null }""", 14)]
    public void Rules_override_the_default_limits(string json, int set)
    {
        Assert.True(PolicyRules.TryParse(System.Text.Encoding.UTF8.GetBytes(json), out PolicyRules rules, out _));
        QosWorld world = new QosWorld(rules: rules).Start();
        world.Manager.Request("s", [.. Enumerable.Range(0, 14).Select(i => Given.Request(port: (ushort)(20000 + (2 * i))))]);
        world.Settle();
        Assert.Equal(set, world.Cmts[0].Engine.GateCount);
    }

    [Fact]
    public void A_dead_cmts_does_not_delay_another()
    {
        QosWorld world = new QosWorld(cmtsCount: 2).Start();
        world.Cmts[0].IsUp = false; // Silent: connected, but answers nothing.
        world.Manager.Request("dead", [.. Enumerable.Range(0, 500).Select(i => Given.Request($"10.1.{i / 250}.{1 + (i % 250)}"))]);
        GateHandle gate = world.Manager.Request("alive", Given.Request("10.2.0.1"))[0];
        world.Run(TimeSpan.FromMilliseconds(20));
        Assert.Equal(GateEventKind.Set, world.Manager.Last(gate)!.Kind);
    }

    [Fact]
    public void Session_class_dscp_and_timers_are_rewritten_and_answers_translated_back()
    {
        var rules = new PolicyRules { Rewrite = new RewriteRule { MaxPriority = 3, ForbidPreemption = true, Dscp = 34, T3 = 120 } };
        QosWorld world = new QosWorld(rules: rules) { RecordsTraffic = true }.Start();
        GateSpec asked = Given.Upstream with { SessionClass = new SessionClass(6, true) };
        world.Manager.Request("s", Given.Request(spec: asked));
        world.Settle();
        Assert.Equal(3, world.Cmts[0].Engine.Snapshot(world.Now).Gates.Single().SessionClass);
        GateSpec north = SpecOf(world, f => f is QosWorld.ManagerNode), south = SpecOf(world, f => f is QosWorld.ServerNode);
        Assert.Equal(asked, north);
        Assert.Equal((3, false, (byte)(34 << 2), (byte)0xFC, true, (ushort)120, (ushort)200), (south.SessionClass.Priority, south.SessionClass.MayPreempt, south.Tos, south.TosMask, south.OverwritesDscp, south.T3, south.T1));
    }

    [Fact]
    public void Nothing_about_the_cmts_goes_north()
    {
        QosWorld world = new QosWorld(Given.Cmts with { Cops = new CopsSettings("cmts-secret-name") }) { RecordsTraffic = true };
        world.Start();
        world.Manager.Request("s", Given.Request());
        world.Settle();
        foreach ((QosWorld.Node _, QosWorld.Node to, byte[] bytes) in world.Traffic)
        {
            if (to is not QosWorld.ManagerNode) continue;
            Assert.DoesNotContain("secret", System.Text.Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
            for (int at = 0; at < bytes.Length;)
            {
                Assert.True(CopsHeader.TryRead(bytes.AsSpan(at), out CopsHeader header, out _) && CopsMessage.TryRead(bytes.AsSpan(at, header.Length), out CopsMessage message, out _)
                    && PcmmMessage.TryRead(message.Payload, PcmmLayout.Current, out PcmmMessage objects) && !objects.Has(PcmmObject.Psid));
                at += header.Length;
            }
        }
    }

    [Fact]
    public void A_gate_whose_ack_came_too_late_is_deleted_by_the_policy_server()
    {
        QosWorld world = new QosWorld(Given.Cmts with { DsxDelay = TimeSpan.FromSeconds(3) }).Start();
        GateHandle gate = world.Manager.Request("s", Given.Request())[0];
        world.Run(TimeSpan.FromSeconds(2.5));
        Assert.Equal(new PcmmError(PcmmErrorCode.TransportError), world.Manager.Last(gate)!.Error);
        world.Manager.Release("s");
        world.Run(TimeSpan.FromSeconds(3));
        Assert.Equal(0, world.Cmts[0].Engine.GateCount);
        Assert.Equal(1, world.Servers[0].Engine.Counters.OwnDeletes);
    }

    [Fact]
    public void Changed_rules_hold_for_new_requests_and_leave_live_gates_alone()
    {
        QosWorld world = new QosWorld().Start();
        world.Manager.Request("s", Given.Request());
        world.Settle();
        world.Servers[0].Do(e => e.HandleRules(new PolicyRules { MaxGatesPerSubscriber = 1 }));
        GateHandle second = world.Manager.Request("s", Given.Request(port: 9))[0];
        world.Settle();
        Assert.Equal(PcmmErrorCode.PolicyException, world.Manager.Last(second)!.Error.Code);
        Assert.Equal(1, world.Cmts[0].Engine.GateCount);
    }

    [Fact]
    public void A_restarted_policy_server_learns_the_gates_and_their_owners_again()
    {
        QosWorld world = new QosWorld().Start();
        world.Manager.Request("s", Given.Request(spec: Given.Upstream with { T3 = 0 }));
        world.Settle();
        world.Servers[0].Restart();
        world.Run(TimeSpan.FromSeconds(10));
        Assert.Equal((1, 1), (world.Servers[0].Engine.GateCount, world.Cmts[0].Engine.GateCount));
        Assert.Equal(new Amid(0, 0x5678), world.Servers[0].Engine.Snapshot().Single().Owner);
        world.Manager.Release("s");
        world.Settle();
        Assert.Equal((0, 0), (world.Servers[0].Engine.GateCount, world.Cmts[0].Engine.GateCount));
    }

    [Theory]
    [InlineData("""{ "maxGates": 8 }""", "maxGates")]
    [InlineData("""{ "maxRateUp": "fast" }""", "A rate is a number of bit/s or text such as \"10M\".")]
    [InlineData("""{ "subscribers": [ { "range": "10.1.2.3/16" } ] }""", "Rules, subscribers: \"10.1.2.3/16\" is no address range. Write for example 10.1.2.0/24.")]
    [InlineData("""{ "applications": [ { "type": 1, "from": "06:00" } ] }""", "Rules, applications: from and to belong together. Give both or none.")]
    [InlineData("""{ "rewrite": { "dscp": 64 } }""", "Rules, rewrite: dscp is 64. Choose 0 to 63.")]
    [InlineData("""{ "sessionClassLimits": { "8": 1 } }""", "Rules, sessionClassLimits: 8 is no priority. Choose 0 to 7.")]
    public void A_mistake_in_the_rules_is_said_in_a_sentence(string json, string sentence)
    {
        Assert.False(PolicyRules.TryParse(System.Text.Encoding.UTF8.GetBytes(json), out _, out IReadOnlyList<string> faults));
        Assert.Contains(sentence, Assert.Single(faults), StringComparison.Ordinal);
    }

    private static GateSpec SpecOf(QosWorld world, Func<QosWorld.Node, bool> isSender)
    {
        foreach ((QosWorld.Node from, QosWorld.Node _, byte[] bytes) in world.Traffic)
        {
            if (!isSender(from)) continue;
            for (int at = 0; at < bytes.Length;)
            {
                Assert.True(CopsHeader.TryRead(bytes.AsSpan(at), out CopsHeader header, out _));
                if (CopsMessage.TryRead(bytes.AsSpan(at, header.Length), out CopsMessage message, out _) && PcmmMessage.TryRead(message.Payload, PcmmLayout.Current, out PcmmMessage objects)
                    && objects.Command == GateCommand.GateSet && objects.TryGetGateSpec(out GateSpec spec)) return spec;
                at += header.Length;
            }
        }
        throw new InvalidOperationException("No Gate-Set was sent.");
    }
}
