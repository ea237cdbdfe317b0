using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Tests;

namespace MediaRelay.Qos.Tests.Gates;

/// <summary>Ten thousand random call flows with everything breaking in between; after quiet all three books agree.</summary>
public sealed class RandomCallFlowTests
{
    private const int Seeds = 100;
    private const int FlowsPerSeed = 100;

    public static TheoryData<int> Batches => [.. Enumerable.Range(0, 10)];

    [Theory]
    [MemberData(nameof(Batches))]
    public void After_quiet_journal_policy_server_and_cmts_have_the_same_gates_and_none_is_left_over(int batch)
    {
        for (int seed = batch * Seeds / 10; seed < (batch + 1) * Seeds / 10; seed++) Play(seed);
    }

    private static void Play(int seed)
    {
        var random = new Random(seed);
        var world = new QosWorld(
            Given.Cmts with { DsxDelay = TimeSpan.FromMilliseconds(random.Next(3) * 20), DsxLoss = random.Next(2) * 0.02, CapacityUp = 40e6 },
            cmtsCount: 2, serverCount: 1 + (seed % 2), seed: (ulong)seed) { Latency = TimeSpan.FromMilliseconds(1 + random.Next(30)) };
        world.Start();
        var live = new List<(string Session, GateHandle[] Gates, GateRequest[] Requests)>();
        var released = new HashSet<string>();
        for (int flow = 0; flow < FlowsPerSeed; flow++)
        {
            string session = $"s{flow}";
            GateRequest[] requests = [.. Enumerable.Range(0, 1 + random.Next(4)).Select(i => RandomRequest(random, i))];
            live.Add((session, [.. world.Manager.Request(session, requests)], requests));
            world.Run(TimeSpan.FromMilliseconds(random.Next(400)));
            if (random.Next(3) == 0) Change(world, random, live[random.Next(live.Count)]);
            if (random.Next(2) == 0)
            {
                int which = random.Next(live.Count);
                world.Manager.Release(live[which].Session);
                released.Add(live[which].Session);
                live.RemoveAt(which);
            }
            if (random.Next(8) == 0) Break(world, random);
        }
        bool keepsSome = random.Next(2) == 0;
        foreach ((string session, _, _) in live.ToArray())
        {
            if (keepsSome && random.Next(4) == 0) continue;
            world.Manager.Release(session);
            released.Add(session);
        }
        Heal(world);
        // Until here no timer has ended a gate; 60 s is what orphans are given. Then T1 to T4 end whatever is left without traffic.
        world.Run(TimeSpan.FromSeconds(55));
        Check(world, seed, released);
        world.Run(TimeSpan.FromSeconds(900));
        Check(world, seed, released);
        Assert.True(world.Cmts.All(c => c.Engine.GateCount == 0), $"seed {seed}: silent gates outlived their timers");
        Assert.True(world.Cmts.All(c => c.Engine.Snapshot(world.Now) is { ReservedUp: 0, ReservedDown: 0 }), $"seed {seed}: bandwidth is still reserved");
    }

    private static GateRequest RandomRequest(Random random, int i)
    {
        string subscriber = $"10.{1 + random.Next(2)}.{random.Next(4)}.{1 + random.Next(50)}";
        ResourceEnvelopes envelopes = random.Next(4) switch { 0 => ResourceEnvelopes.Authorize, 1 => ResourceEnvelopes.Reserve, _ => ResourceEnvelopes.Commit };
        GateSpec spec = Given.Upstream with { SessionClass = new SessionClass(random.Next(8), random.Next(8) == 0) };
        TrafficProfile profile = random.Next(2) == 0 ? Given.G711(envelopes) : Given.Reserving((uint)random.Next(100_000, 3_000_000), envelopes);
        return Given.Request(subscriber, profile, spec, (ushort)(20000 + i));
    }

    private static void Change(QosWorld world, Random random, (string Session, GateHandle[] Gates, GateRequest[] Requests) call)
    {
        int which = random.Next(call.Gates.Length);
        GateRequest old = call.Requests[which];
        ResourceEnvelopes envelopes = random.Next(2) == 0 ? ResourceEnvelopes.Commit : ResourceEnvelopes.Reserve;
        GateRequest changed = old with { Profile = old.Profile.WithEnvelopes(envelopes), VolumeLimitKilobytes = (ulong)random.Next(1, 1000) };
        world.Manager.Modify(call.Gates[which], changed);
    }

    private static void Break(QosWorld world, Random random)
    {
        switch (random.Next(7))
        {
            case 0: world.Manager.Cut(); break;
            case 1: world.Servers[random.Next(world.Servers.Count)].Cut(); break;
            case 2: world.Servers[random.Next(world.Servers.Count)].Restart(); break;
            case 3: world.Manager.Restart(); break;
            case 4: world.Cmts[random.Next(2)].Reboot(); break;
            case 5: world.Cmts[random.Next(2)].Cut(); break;
            default:
                QosWorld.Node down = random.Next(2) == 0 ? world.Servers[random.Next(world.Servers.Count)] : world.Cmts[random.Next(2)];
                down.Cut();
                down.IsUp = false;
                world.After(TimeSpan.FromSeconds(random.Next(1, 20)), () => down.IsUp = true);
                break;
        }
    }

    private static void Heal(QosWorld world)
    {
        foreach (QosWorld.Node node in world.Servers) node.IsUp = true;
        foreach (QosWorld.Node node in world.Cmts) node.IsUp = true;
    }

    private static void Check(QosWorld world, int seed, HashSet<string> released)
    {
        string[] journal = [.. world.Manager.Journal.Values.Select(e => Name(e)).Order(StringComparer.Ordinal)];
        string[] cmts = [.. world.Cmts.SelectMany(c => c.Engine.Snapshot(world.Now).Gates).Select(g => $"{g.Subscriber}/{g.Id}/{g.Opaque:x16}").Order(StringComparer.Ordinal)];
        Assert.True(journal.SequenceEqual(cmts), $"seed {seed}: journal [{string.Join(' ', journal)}] but CMTS [{string.Join(' ', cmts)}]");
        string[] gates = [.. world.Cmts.SelectMany(c => c.Engine.Snapshot(world.Now).Gates).Select(g => $"{g.Subscriber}/{g.Id}").Order(StringComparer.Ordinal)];
        // The server in use knows every gate: those it set, and those of the other one since the manager synchronised through it.
        QosWorld.ServerNode used = world.Servers[world.Manager.Engine.PolicyServer];
        string[] server = [.. used.Engine.Snapshot().Select(g => $"{g.Subscriber}/{g.Gate}").Order(StringComparer.Ordinal)];
        Assert.True(server.SequenceEqual(gates), $"seed {seed}: policy server [{string.Join(' ', server)}] but CMTS [{string.Join(' ', gates)}]");
        Assert.DoesNotContain(world.Manager.Journal.Values, e => released.Contains(e.Session));
    }

    private static string Name(GateJournalEntry entry) =>
        entry.TryGetIdentity(out _, out SubscriberId subscriber, out _) ? $"{subscriber}/{entry.Gate}/{entry.Handle.Value:x16}" : "damaged";
}
