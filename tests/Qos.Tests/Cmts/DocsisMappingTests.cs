using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Tests.Cmts;

/// <summary>The worked numbers of the mapping sheet.</summary>
public sealed class DocsisMappingTests
{
    [Fact]
    public void A_constant_flow_becomes_an_unsolicited_grant()
    {
        ServiceFlowParameters flow = Map(FlowSpec.Constant(200, 50), false, GateDirection.Upstream);
        Assert.Equal(SchedulingType.UnsolicitedGrant, flow.Scheduling);
        Assert.Equal((232, 20000u, 800u, 1, 0x37Fu), (flow.Set.GrantSize, flow.Set.GrantInterval, flow.Set.GrantJitter, flow.Set.GrantsPerInterval, flow.Set.RequestPolicy));
        Assert.Equal(92_800, flow.ReservedRate);
        Assert.Equal((227, 240), (DocsisMapping.GrantSize(200, privacy: false), DocsisMapping.GrantSize(200, segmentHeaders: true)));
    }

    [Fact]
    public void The_interval_is_computed_in_double_precision()
    {
        Assert.Equal(30000u, Map(FlowSpec.Constant(100, 1000.0 / 30), false, GateDirection.Upstream).Set.GrantInterval);
    }

    [Fact]
    public void Two_megabit_video_becomes_polling_with_the_sheets_numbers()
    {
        ServiceFlowParameters flow = Map(new FlowSpec(250000, 24560, 500000, 1228, 1228, 500000, 0), false, GateDirection.Upstream);
        Assert.Equal(SchedulingType.RealTimePolling, flow.Scheduling);
        Assert.Equal((2029316u, 2029316u, 24920u, 2456u, 0x1Fu), (flow.Set.MaxSustainedRate, flow.Set.MinReservedRate, flow.Set.MaxBurst, flow.Set.PollingInterval, flow.Set.RequestPolicy));
    }

    [Fact]
    public void Controlled_load_becomes_best_effort_with_a_reserved_rate()
    {
        ServiceFlowParameters flow = Map(new FlowSpec(62500, 24560, 250000, 1228, 1228, 0, 0), true, GateDirection.Upstream);
        Assert.Equal(SchedulingType.BestEffort, flow.Scheduling);
        Assert.Equal((507329u, 2029316u, 24920u, 5), (flow.Set.MinReservedRate, flow.Set.MaxSustainedRate, flow.Set.MaxBurst, flow.Set.Priority));
    }

    [Theory]
    [InlineData(false, 2029316u, 800u)]
    [InlineData(true, 4058632u, 0u)]
    public void Downstream_takes_rate_peak_and_latency(bool controlled, uint sustained, uint latency)
    {
        ServiceFlowParameters flow = Map(new FlowSpec(250000, 24560, 500000, 1228, 1228, 500000, 800), controlled, GateDirection.Downstream);
        Assert.Equal(SchedulingType.Downstream, flow.Scheduling);
        Assert.Equal((2029316u, sustained, 4058632u, 1246, latency), (flow.Set.MinReservedRate, flow.Set.MaxSustainedRate, flow.Set.PeakRate, flow.Set.MinPacketSize, flow.Set.MaxLatency));
    }

    [Fact]
    public void Small_bursts_are_raised_to_one_ethernet_frame() =>
        Assert.Equal(1522u, Map(new FlowSpec(10000, 200, 20000, 200, 200, 20000, 0), false, GateDirection.Upstream).Set.MaxBurst);

    [Theory]
    [InlineData("G711:ugs:grant=232,interval=20000,jitter=800", true)]
    [InlineData("video_dn:down:mrr=2M,msr=4M,priority=5", true)]
    [InlineData("be:be", true)]
    [InlineData("x:isdn", false)]
    [InlineData("x:ugs:grant=many", false)]
    [InlineData("a_name_that_is_too_long:ugs", false)]
    [InlineData("x:ugs:colour=1", false)]
    public void Service_classes_are_read_from_text(string text, bool isSound) => Assert.Equal(isSound, ServiceClassText.TryParse(text, out _));

    private static ServiceFlowParameters Map(FlowSpec spec, bool controlled, GateDirection direction)
    {
        Assert.Equal(PcmmErrorCode.None, DocsisMapping.TryMap(TrafficProfile.FromFlowSpec(ResourceEnvelopes.Commit, spec, controlled), ResourceEnvelopes.Committed, direction, true, false, out ServiceFlowParameters flow));
        return flow;
    }
}
