using System.Text;
using MediaRelay.Media.Ice;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Tests.Support.Network;

namespace MediaRelay.Media.Tests.Ice;

/// <summary>Forged and foreign input changes nothing; what a peer can make us send is bounded.</summary>
public sealed class StrangerTests
{
    private static readonly IceCredentials Remote = new("peer", "peerpeerpeerpeerpeerpeer");
    private static readonly TransportAddress Attacker = TransportAddress.Parse("20.0.6.6:666");

    [Fact]
    public void Forged_checks_and_answers_change_nothing_in_a_running_session()
    {
        var scene = new IceScene(NatKind.EndpointIndependent, NatKind.EndpointIndependent);
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        var agent = scene.Left.Agent;
        var pair = agent.ActivePair;
        var states = scene.Left.States.Count;
        var sent = scene.Left.SentStun.Count;
        byte[][] forgeries =
        [
            Given.Check(agent.LocalCredentials, scene.Right.Agent.LocalCredentials, nominates: true, password: "wrongwrongwrongwrongwrong"),
            Given.Check(new IceCredentials("nobody", ""), scene.Right.Agent.LocalCredentials, nominates: true, password: agent.LocalCredentials.Password),
            Given.Check(agent.LocalCredentials, Remote, nominates: true),
            Given.Check(agent.LocalCredentials, scene.Right.Agent.LocalCredentials, nominates: true, priority: 0),
            Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"),
            [0x16, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
            [0x80, 0x60, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9],
        ];
        foreach (var forgery in forgeries) scene.Left.Receive(0, new VirtualDatagram(Attacker, scene.Left.Sockets[0].Address, forgery));
        Assert.Equal(pair, agent.ActivePair);
        Assert.Equal(states, scene.Left.States.Count);
        Assert.Equal(sent, scene.Left.SentStun.Count);
        Assert.Empty(scene.Left.Data);
        Assert.Equal(4, agent.Counters.StunDropped);
        Assert.Equal(3, agent.Counters.DataFromStrangers);
        scene.AssertDataFlows("x");
    }

    [Theory]
    [InlineData(null, StunErrorCode.None)]
    [InlineData("wrongwrongwrongwrongwrong", StunErrorCode.None)]
    [InlineData(null, StunErrorCode.RoleConflict)]
    [InlineData("wrongwrongwrongwrongwrong", StunErrorCode.BadRequest)]
    public void An_answer_without_the_right_integrity_is_no_answer(string? password, StunErrorCode error)
    {
        var (agent, commands) = Started();
        var request = commands.OfType<IceCommand.SendDatagram>().Single();
        commands.Clear();
        agent.HandleDatagram(0, request.To, Given.Answer(request.Bytes.Span, TransportAddress.Parse("20.0.1.9:4000"), password, error), default, commands);
        Assert.Equal(IceState.Checking, agent.State);
        Assert.Equal(IceRole.Controlling, agent.Role);
        Assert.Empty(commands);
        Assert.Equal(PairState.InProgress, agent.Snapshot().Single().State);
        agent.HandleDatagram(0, request.To, Given.Answer(request.Bytes.Span, TransportAddress.Parse("20.0.1.9:4000"), Remote.Password), default, commands);
        Assert.Equal(IceState.Connected, agent.State);
    }

    [Fact]
    public void An_answer_from_another_address_fails_the_pair()
    {
        var (agent, commands) = Started();
        var request = commands.OfType<IceCommand.SendDatagram>().Single();
        agent.HandleDatagram(0, Attacker, Given.Answer(request.Bytes.Span, TransportAddress.Parse("20.0.1.9:4000"), Remote.Password), default, commands);
        Assert.Equal(PairState.Failed, agent.Snapshot().Single().State);
        Assert.Equal(IceState.Checking, agent.State);
    }

    [Fact]
    public void A_check_is_sent_seven_times_with_doubling_gaps()
    {
        var (agent, commands) = Started();
        var times = new List<double> { 0 };
        commands.Clear();
        while (agent.NextDeadline is { } at && at < TimeSpan.FromSeconds(39))
        {
            agent.HandleDeadline(at, commands);
            times.AddRange(commands.OfType<IceCommand.SendDatagram>().Select(_ => at.TotalMilliseconds));
            commands.Clear();
        }
        Assert.Equal([0, 100, 300, 700, 1500, 3100, 6300], times);
        Assert.Equal(PairState.Failed, agent.Snapshot().Single().State);
    }

    [Fact]
    public void New_checks_leave_fifty_milliseconds_apart_and_pairs_are_limited()
    {
        var agent = new IceAgent(new IceConfiguration(), new CountingRandom());
        var commands = new List<IceCommand>();
        agent.Start([.. Enumerable.Range(0, 5).Select(i => new LocalSocket(i, TransportAddress.Parse($"20.0.1.{i + 1}:4000")))], default, commands);
        agent.HandleRemoteDescription(Remote, false, default, commands);
        for (var i = 0; i < 60; i++) agent.HandleRemoteCandidate(Host($"20.0.{i + 3}.1", 5000), default, commands);
        Assert.Equal(100, agent.Snapshot().Count);
        Assert.Equal(20, agent.Counters.CandidatesIgnored);
        commands.RemoveAll(c => c is not IceCommand.SendDatagram);
        Assert.Single(commands);
        var firsts = new HashSet<(int, TransportAddress)>(commands.OfType<IceCommand.SendDatagram>().Select(c => (c.SocketId, c.To)));
        TimeSpan? last = TimeSpan.Zero;
        while (agent.NextDeadline is { } at && at < TimeSpan.FromSeconds(4))
        {
            commands.Clear();
            agent.HandleDeadline(at, commands);
            var fresh = commands.OfType<IceCommand.SendDatagram>().Count(c => firsts.Add((c.SocketId, c.To)));
            Assert.InRange(fresh, 0, 1);
            if (fresh == 0) continue;
            if (last is { } before) Assert.True(at - before >= TimeSpan.FromMilliseconds(50));
            last = at;
        }
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("224.0.0.251")]
    [InlineData("0.0.0.0")]
    public void A_refused_candidate_is_never_checked(string address)
    {
        var agent = new IceAgent(new IceConfiguration(), new CountingRandom());
        var commands = new List<IceCommand>();
        agent.Start([new LocalSocket(0, TransportAddress.Parse("20.0.1.9:4000"))], default, commands);
        agent.HandleRemoteDescription(Remote, false, default, commands);
        agent.HandleRemoteCandidate(Host(address, 5000), default, commands);
        Assert.Empty(agent.Snapshot());
        Assert.DoesNotContain(commands, c => c is IceCommand.SendDatagram);
        Assert.Equal(1, agent.Counters.CandidatesIgnored);
    }

    [Fact]
    public void A_flood_of_valid_checks_from_many_addresses_stays_bounded()
    {
        var (agent, commands) = Started();
        for (var i = 0; i < 500; i++)
        {
            var from = TransportAddress.V4(0x14010000u + (uint)i, 5000);
            agent.HandleDatagram(0, from, Given.Check(agent.LocalCredentials, Remote, StunAttributeType.IceControlled), TimeSpan.FromMilliseconds(i), commands);
        }
        Assert.InRange(agent.Snapshot().Count, 1, 40);
    }

    [Fact]
    public void Sending_and_receiving_data_allocate_nothing()
    {
        var scene = new IceScene();
        scene.Begin();
        Assert.True(scene.RunUntilCompleted());
        var agent = scene.Left.Agent;
        var now = scene.Network.Now;
        var buffer = new byte[1500];
        buffer[IceAgent.Headroom] = 0x80;
        var from = agent.ActivePair!.Remote.Address;
        var media = new byte[200];
        media[0] = 0x80;
        AllocationCheck.Zero(() =>
        {
            if (!agent.TrySend(buffer, IceAgent.Headroom, 200, now, out var route) || route.Length != 200) throw new InvalidOperationException();
            if (agent.TryReceive(0, from, media, now, out var data) != IceVerdict.Data || data.Length != 200) throw new InvalidOperationException();
        });
    }

    private static (IceAgent Agent, List<IceCommand> Commands) Started()
    {
        var agent = new IceAgent(new IceConfiguration(), new CountingRandom());
        var commands = new List<IceCommand>();
        agent.Start([new LocalSocket(0, TransportAddress.Parse("20.0.1.9:4000"))], default, commands);
        agent.HandleRemoteDescription(Remote, false, default, commands);
        commands.Clear();
        agent.HandleRemoteCandidate(Host("20.0.2.9", 5000), default, commands);
        return (agent, commands);
    }

    private static Candidate Host(string address, int port) =>
        new() { Foundation = "1", Priority = 2_130_706_431, Address = TransportAddress.From(System.Net.IPAddress.Parse(address), port), Type = CandidateType.Host };
}
