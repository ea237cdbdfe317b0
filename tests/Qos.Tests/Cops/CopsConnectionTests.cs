using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Tests.Support;

namespace MediaRelay.Qos.Tests.Cops;

/// <summary>Two ends of one association in virtual time.</summary>
public sealed class CopsConnectionTests
{
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(100);
    private readonly List<string> _log = [];

    private sealed record Ends(CopsConnection Pep, CopsConnection Pdp);

    [Fact]
    public void The_enforcement_point_speaks_first_and_the_request_opens_the_session()
    {
        Ends ends = Pair();
        Exchange(ends, Start);
        Assert.Equal(["pep Opened", "pdp Opened"], _log);
        Assert.True(ends.Pep.IsOpen && ends.Pdp.IsOpen);
        Assert.Equal(PcmmVersion.V4, ends.Pdp.Version);
        Assert.Equal(PcmmVersion.V4, ends.Pep.Version);
        Assert.Equal("cmts1", ends.Pdp.PeerName);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Messages_may_arrive_split_at_any_byte(int step)
    {
        Ends ends = Pair();
        Exchange(ends, Start, step);
        Send(ends.Pdp, GateCommand.GateInfo);
        Send(ends.Pdp, GateCommand.GateDelete);
        Exchange(ends, Start, step);
        Assert.Equal(["pep Opened", "pdp Opened", "pep Message GateInfo", "pep Message GateDelete"], _log);
    }

    [Fact]
    public void A_refused_version_is_followed_by_the_next_one_on_the_same_transport()
    {
        Ends ends = Pair(pdp: new CopsSettings { HighestMajor = 2 });
        Exchange(ends, Start);
        Assert.Equal(PcmmVersion.V2, ends.Pdp.Version);
        Assert.Equal(PcmmVersion.V2, ends.Pep.Version);
        Assert.Equal(PcmmLayout.Old, ends.Pep.Version.Layout);
    }

    [Fact]
    public void After_its_last_version_the_enforcement_point_offers_zero_and_closes()
    {
        Ends ends = Pair(pdp: new CopsSettings { LowestMajor = 9, HighestMajor = 9 });
        Exchange(ends, Start);
        Assert.Equal(["pep Closed"], _log);
        Assert.Equal(CopsCloseReason.VersionRefused, ends.Pep.CloseReason);
        Assert.False(ends.Pdp.IsClosed); // It keeps the transport; the enforcement point is the one to close it.
    }

    [Theory]
    [InlineData("cmts1", true)]
    [InlineData("cmts2", false)]
    public void A_peer_with_another_name_than_expected_is_refused_with_error_14(string expected, bool isOpen)
    {
        Ends ends = Pair(pdp: new CopsSettings { ExpectedName = expected });
        Exchange(ends, Start);
        Assert.Equal(isOpen, ends.Pdp.IsOpen);
        if (!isOpen) Assert.Equal((CopsErrorCode.AuthenticationFailure, CopsErrorCode.AuthenticationFailure), (ends.Pdp.CloseError, ends.Pep.CloseError));
    }

    [Fact]
    public void An_open_without_version_is_refused_with_error_5()
    {
        var pdp = new CopsConnection(CopsRole.DecisionPoint, new CopsSettings(), new CountingRandom(), Start);
        ReadOnlySpan<byte> input = VectorFile.ReadHex("1006800a00000010 00080b0161626300");
        Assert.Equal(CopsInput.Closed, pdp.Next(ref input, Start, out _));
        Assert.Equal(CopsErrorCode.MandatoryClientSpecificMissing, pdp.CloseError);
    }

    [Fact]
    public void Keep_alives_go_out_between_one_and_three_quarters_of_the_interval_and_are_echoed_by_the_decision_point_only()
    {
        Ends ends = Pair(pdp: new CopsSettings { KeepAlive = TimeSpan.FromSeconds(40) });
        Exchange(ends, Start);
        TimeSpan now = Start, last = Start;
        int sent = 0;
        while (now < Start + TimeSpan.FromMinutes(30))
        {
            now = ends.Pep.NextDeadline!.Value;
            Assert.Equal(CopsInput.None, ends.Pep.HandleDeadline(now));
            Assert.Equal(CopsHeader.Size, ends.Pep.Output.Length);
            Assert.InRange((now - last).TotalSeconds, 10, 30);
            last = now;
            sent++;
            Exchange(ends, now);
            Assert.True(ends.Pep.Output.IsEmpty && ends.Pdp.Output.IsEmpty);
        }
        Assert.InRange(sent, 60, 180);
    }

    [Fact]
    public void Silence_for_an_interval_closes_both_ends()
    {
        Ends ends = Pair(pdp: new CopsSettings { KeepAlive = TimeSpan.FromSeconds(20) });
        Exchange(ends, Start);
        Assert.Equal(CopsInput.None, ends.Pdp.HandleDeadline(Start + TimeSpan.FromSeconds(19.9)));
        Assert.Equal(CopsInput.Closed, ends.Pdp.HandleDeadline(Start + TimeSpan.FromSeconds(20)));
        Assert.Equal(CopsInput.Closed, ends.Pep.HandleDeadline(Start + TimeSpan.FromSeconds(20)));
        Assert.Equal(CopsCloseReason.KeepAliveTimeout, ends.Pdp.CloseReason);
        Assert.Equal(CopsCloseReason.KeepAliveTimeout, ends.Pep.CloseReason);
        Assert.Null(ends.Pdp.NextDeadline);
    }

    [Fact]
    public void A_keep_alive_timer_of_zero_means_no_keep_alives()
    {
        Ends ends = Pair(pdp: new CopsSettings { KeepAlive = TimeSpan.Zero });
        Exchange(ends, Start);
        Assert.Null(ends.Pep.NextDeadline);
        Assert.Null(ends.Pdp.NextDeadline);
    }

    [Fact]
    public void A_session_that_does_not_open_in_ten_seconds_is_given_up()
    {
        var pdp = new CopsConnection(CopsRole.DecisionPoint, new CopsSettings(), new CountingRandom(), Start);
        Assert.Equal(Start + TimeSpan.FromSeconds(10), pdp.NextDeadline);
        Assert.Equal(CopsInput.Closed, pdp.HandleDeadline(Start + TimeSpan.FromSeconds(10)));
        Assert.Equal(CopsCloseReason.OpenTimeout, pdp.CloseReason);
    }

    [Fact]
    public void A_frame_that_is_not_finished_in_ten_seconds_closes_the_session()
    {
        Ends ends = Pair();
        Exchange(ends, Start);
        ReadOnlySpan<byte> half = VectorFile.Hex("pcmm/16-gate-delete.hex").AsSpan(0, 30);
        Assert.Equal(CopsInput.None, ends.Pep.Next(ref half, Start, out _));
        Assert.Equal(CopsInput.None, ends.Pep.HandleDeadline(Start + TimeSpan.FromSeconds(9)));
        Assert.Equal(CopsInput.Closed, ends.Pep.HandleDeadline(Start + TimeSpan.FromSeconds(10)));
        Assert.Equal(CopsCloseReason.FrameTimeout, ends.Pep.CloseReason);
    }

    [Fact]
    public void A_decision_for_an_unknown_handle_is_answered_with_delete_request_reason_10()
    {
        Ends ends = Pair();
        Exchange(ends, Start);
        ReadOnlySpan<byte> foreign = VectorFile.Hex("pcmm/16-gate-delete.hex");
        Assert.Equal(CopsInput.None, ends.Pep.Next(ref foreign, Start, out _));
        Assert.True(CopsMessage.TryRead(ends.Pep.Output.Pending, out CopsMessage answer, out _));
        Assert.Equal(CopsOpCode.DeleteRequestState, answer.Header.OpCode);
        Assert.Equal(CopsReasonCode.HandleUnknown, answer.Reason);
        Assert.False(ends.Pep.IsClosed);
    }

    [Fact]
    public void A_repeated_request_is_harmless()
    {
        var pdp = new CopsConnection(CopsRole.DecisionPoint, new CopsSettings(), new CountingRandom(), Start);
        byte[] request = VectorFile.Hex("pcmm/03-req.hex");
        ReadOnlySpan<byte> input = (byte[])[.. VectorFile.Hex("pcmm/01-opn-v4.hex"), .. request, .. request];
        Assert.Equal(CopsInput.Opened, pdp.Next(ref input, Start, out _));
        Assert.Equal(CopsInput.None, pdp.Next(ref input, Start, out _));
        Assert.True(pdp.IsOpen);
    }

    [Fact]
    public void An_old_synchronize_request_is_answered_with_complete()
    {
        Ends ends = Pair();
        Exchange(ends, Start);
        ReadOnlySpan<byte> input = VectorFile.ReadHex("1005800a00000008");
        ends.Pep.Next(ref input, Start, out _);
        Assert.True(CopsMessage.TryRead(ends.Pep.Output.Pending, out CopsMessage answer, out _));
        Assert.Equal(CopsOpCode.SynchronizeComplete, answer.Header.OpCode);
    }

    [Fact]
    public void Only_the_first_decision_after_the_request_is_solicited()
    {
        Ends ends = Pair();
        Exchange(ends, Start);
        Send(ends.Pdp, GateCommand.GateInfo);
        Assert.Equal(0x11, ends.Pdp.Output.Pending[0]);
        ends.Pdp.Output.Clear();
        Send(ends.Pdp, GateCommand.GateInfo);
        Assert.Equal(0x10, ends.Pdp.Output.Pending[0]);
    }

    [Fact]
    public void A_peer_that_does_not_read_is_dropped_at_the_output_limit()
    {
        Ends ends = Pair(pdp: new CopsSettings { MaxOutput = 8192 });
        Exchange(ends, Start);
        int sent = 0;
        while (Send(ends.Pdp, GateCommand.GateInfo)) sent++;
        Assert.InRange(sent, 10, 1000);
        Assert.Equal(CopsCloseReason.OutputLimit, ends.Pdp.CloseReason);
        Assert.Equal(CopsInput.Closed, ends.Pdp.HandleDeadline(Start));
    }

    [Fact]
    public void Leaving_in_order_deletes_the_request_and_says_error_11()
    {
        Ends ends = Pair();
        Exchange(ends, Start);
        Assert.Equal(CopsInput.Closed, ends.Pep.ShutDown());
        Exchange(ends, Start);
        Assert.Equal("pdp Closed", _log[^1]);
        Assert.Equal(CopsCloseReason.PeerClosed, ends.Pdp.CloseReason);
    }

    [Fact]
    public void Waiting_times_double_with_jitter_up_to_their_longest()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), new CountingRandom(3));
        double[] longest = [1, 2, 4, 8, 16, 30, 30];
        foreach (double bound in longest) Assert.InRange(backoff.Next().TotalSeconds, bound / 2, bound);
        backoff.Reset();
        Assert.InRange(backoff.Next().TotalSeconds, 0.5, 1);
    }

    private static Ends Pair(CopsSettings? pep = null, CopsSettings? pdp = null) => new(
        new CopsConnection(CopsRole.EnforcementPoint, pep ?? new CopsSettings("cmts1"), new CountingRandom(1), Start),
        new CopsConnection(CopsRole.DecisionPoint, pdp ?? new CopsSettings(), new CountingRandom(2), Start));

    private static bool Send(CopsConnection pdp, GateCommand command)
    {
        CopsWriter writer = pdp.BeginDecision(128);
        writer.AddTransaction(1, command);
        return pdp.Commit(ref writer);
    }

    private void Exchange(Ends ends, TimeSpan now, int step = int.MaxValue)
    {
        for (int round = 0; round < 50 && !(ends.Pep.Output.IsEmpty && ends.Pdp.Output.IsEmpty); round++)
        {
            Move("pdp", ends.Pep, ends.Pdp, now, step);
            Move("pep", ends.Pdp, ends.Pep, now, step);
        }
    }

    private void Move(string name, CopsConnection from, CopsConnection to, TimeSpan now, int step)
    {
        byte[] bytes = from.Output.Pending.ToArray();
        from.Output.Clear();
        foreach (byte[] part in bytes.Chunk(Math.Min(step, 65536)))
        {
            ReadOnlySpan<byte> input = part;
            while (to.Next(ref input, now, out CopsMessage message) is not CopsInput.None and var result)
            {
                string command = result == CopsInput.Message && PcmmMessage.TryRead(message.Payload, to.Version.Layout, out PcmmMessage objects) ? $" {objects.Command}" : "";
                _log.Add($"{name} {result}{command}");
            }
        }
    }
}
