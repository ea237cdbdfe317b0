using MediaRelay.Media.Ice;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;

namespace MediaRelay.Media.Tests.Ice;

/// <summary>A browser nominates the first pair that works, often the relay's, and again when a better one does: as RFC 5245 section 8.1.1.2 allowed.</summary>
public sealed class RenominationTests
{
    private static readonly IceCredentials Remote = new("peer", "peerpeerpeerpeerpeerpeer");
    private static readonly TransportAddress Relay = TransportAddress.Parse("20.0.9.9:3478");
    private static readonly TransportAddress Direct = TransportAddress.Parse("20.0.2.9:5000");
    private static readonly TransportAddress Worse = TransportAddress.Parse("20.0.9.9:3479");
    private static readonly TransportAddress Mapped = TransportAddress.Parse("20.0.1.9:4000");

    private readonly List<IceCommand> commands = [];
    private readonly IceAgent agent = new(new IceConfiguration { Role = IceRole.Controlled }, new CountingRandom(7));

    [Fact]
    public void A_better_path_is_still_tried_after_the_peer_chose_the_relay_and_taken_when_the_peer_chooses_it()
    {
        Begin();
        Nominate(Relay, 10_000);
        Assert.Equal(Relay, agent.ActivePair!.Remote.Address);
        Assert.Equal(IceState.Completed, agent.State);

        Hear(Direct, "srflx", 1_600_000_000);
        // The first checks are lost: the peer's NAT lets nothing in before the peer has sent.
        Assert.True(RunUntil(() => CountTo(Direct) == 3, TimeSpan.FromSeconds(2)), "The better path is not tried.");

        AnswerAll(Direct);
        Assert.Equal(Relay, agent.ActivePair!.Remote.Address);
        Nominate(Direct, 1_600_000_000);
        Assert.Equal(Direct, agent.ActivePair!.Remote.Address);
        Assert.True(agent.ActivePair!.IsNominated);
    }

    [Fact]
    public void A_check_of_the_peer_on_a_better_path_is_answered_with_one_of_ours()
    {
        Begin();
        Nominate(Relay, 10_000);
        Check(Direct, 1_600_000_000, nominates: false);
        Assert.Contains(commands.OfType<IceCommand.SendDatagram>(), s => s.To == Direct && IsRequest(s));
    }

    [Fact]
    public void A_worse_path_is_not_tried_after_the_peer_chose()
    {
        Begin();
        Nominate(Relay, 10_000);
        Hear(Worse, "relay", 5_000);
        Check(Worse, 5_000, nominates: false);
        RunUntil(() => false, TimeSpan.FromSeconds(2));
        Assert.Equal(0, CountTo(Worse));
    }

    [Fact]
    public void The_tries_of_a_better_path_end()
    {
        Begin();
        Nominate(Relay, 10_000);
        Hear(Direct, "srflx", 1_600_000_000);
        RunUntil(() => false, TimeSpan.FromSeconds(25));
        Assert.Equal(7, CountTo(Direct));
        Assert.Equal(IceState.Completed, agent.State);
        Assert.Equal(Relay, agent.ActivePair!.Remote.Address);
    }

    private TimeSpan now;

    private void Begin()
    {
        agent.Start([new LocalSocket(0, TransportAddress.Parse("20.0.1.9:4000"))], now, commands);
        agent.HandleRemoteDescription(Remote, false, now, commands);
        Hear(Relay, "relay", 10_000);
    }

    private void Hear(TransportAddress address, string type, uint priority)
    {
        Assert.True(Candidate.TryRead($"candidate:{priority} 1 udp {priority} {address.AddressText()} {address.Port} typ {type} raddr 0.0.0.0 rport 0", out var candidate, out var error), error.ToString());
        agent.HandleRemoteCandidate(candidate!, now, commands);
    }

    private void Nominate(TransportAddress from, uint priority)
    {
        Check(from, priority, nominates: true);
        AnswerAll(from);
    }

    private void Check(TransportAddress from, uint priority, bool nominates) =>
        agent.HandleDatagram(0, from, Given.Check(agent.LocalCredentials, Remote, nominates: nominates, priority: priority), now, commands);

    private void AnswerAll(TransportAddress from)
    {
        foreach (var request in commands.OfType<IceCommand.SendDatagram>().Where(s => s.To == from && IsRequest(s)).ToArray())
            agent.HandleDatagram(0, from, Given.Answer(request.Bytes.Span, Mapped, Remote.Password), now, commands);
    }

    /// <summary>Time passes until the condition holds; what the peer hears of the relay pair is answered, so that consent goes on.</summary>
    private bool RunUntil(Func<bool> condition, TimeSpan span)
    {
        for (var end = now + span; agent.NextDeadline is { } at && at <= end && !condition();)
        {
            now = at;
            var before = commands.Count;
            agent.HandleDeadline(now, commands);
            foreach (var request in commands.Skip(before).OfType<IceCommand.SendDatagram>().Where(s => s.To == Relay && IsRequest(s)).ToArray())
                agent.HandleDatagram(0, Relay, Given.Answer(request.Bytes.Span, Mapped, Remote.Password), now, commands);
        }
        return condition();
    }

    private int CountTo(TransportAddress address) => commands.OfType<IceCommand.SendDatagram>().Count(s => s.To == address && IsRequest(s));

    private static bool IsRequest(IceCommand.SendDatagram send) =>
        StunMessage.TryRead(send.Bytes.Span, out var message, out _) && message.Class == StunClass.Request;
}
