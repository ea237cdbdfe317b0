using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Tests.Pcmm;

/// <summary>Every traffic profile with every number of parameter sets and every legal envelope, in both layouts and every version.</summary>
public sealed class ProfileFormTests
{
    /// <summary>Object lengths with one, two and three parameter sets: as of version 3.0, and before it.</summary>
    private static readonly Dictionary<TrafficProfileType, (int[] Current, int[] Old)> Lengths = new()
    {
        [TrafficProfileType.FlowSpec] = ([36, 64, 92], [36, 64, 92]),
        [TrafficProfileType.BestEffort] = ([44, 80, 116], [32, 56, 80]),
        [TrafficProfileType.NonRealTimePolling] = ([48, 88, 128], [36, 64, 92]),
        [TrafficProfileType.RealTimePolling] = ([48, 88, 128], [36, 64, 92]),
        [TrafficProfileType.UnsolicitedGrant] = ([36, 64, 92], [24, 40, 56]),
        [TrafficProfileType.UnsolicitedGrantWithActivityDetection] = ([44, 80, 116], [32, 56, 80]),
        [TrafficProfileType.Downstream] = ([48, 88, 128], [32, 56, 80]),
    };

    public static TheoryData<TrafficProfileType, int, int> Forms
    {
        get
        {
            var forms = new TheoryData<TrafficProfileType, int, int>();
            foreach (TrafficProfileType type in Lengths.Keys)
            {
                foreach ((int envelopes, int sets) in new[] { (1, 1), (3, 1), (3, 2), (7, 1), (7, 3) }) forms.Add(type, envelopes, sets);
            }
            return forms;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_form_has_the_length_of_the_sheet_and_reads_as_it_was_written(TrafficProfileType type, int envelopes, int sets)
    {
        TrafficProfile profile = Profile(type, envelopes, sets);
        foreach (PcmmLayout layout in new[] { PcmmLayout.Current, PcmmLayout.Old })
        {
            var body = new byte[profile.BodySize(layout)];
            profile.Write(body, layout);
            Assert.Equal((layout == PcmmLayout.Current ? Lengths[type].Current : Lengths[type].Old)[sets - 1], body.Length + 4);
            Assert.Equal(PcmmErrorCode.None, TrafficProfile.TryRead(type, body, layout, out TrafficProfile read));
            Assert.Equal(profile, read);
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_number_of_sets_that_is_neither_one_nor_that_of_the_envelopes_is_an_invalid_object(TrafficProfileType type, int envelopes, int sets)
    {
        TrafficProfile profile = Profile(type, envelopes, sets);
        var body = new byte[profile.BodySize(PcmmLayout.Current)];
        profile.Write(body, PcmmLayout.Current);
        foreach (byte other in new byte[] { 1, 3, 7 })
        {
            body[0] = other;
            bool fits = sets == 1 || sets == System.Numerics.BitOperations.PopCount(other);
            // Eighty bytes are two sets now or three of before; the envelopes tell, so that this one fits too.
            bool isOldToo = Array.IndexOf(Lengths[type].Old, body.Length + 4) is var place and >= 0 && (place == 0 || place + 1 == System.Numerics.BitOperations.PopCount(other));
            Assert.Equal(fits || isOldToo ? PcmmErrorCode.None : PcmmErrorCode.InvalidObject, TrafficProfile.TryRead(type, body, PcmmLayout.Current, out _));
        }
        foreach (byte illegal in new byte[] { 0, 2, 4, 5, 6, 8, 15 })
        {
            body[0] = illegal;
            Assert.Equal(PcmmErrorCode.InvalidFieldValue, TrafficProfile.TryRead(type, body, PcmmLayout.Current, out _));
        }
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 4)]
    [InlineData(3, 4)]
    [InlineData(4, 4)]
    [InlineData(5, 4)]
    [InlineData(4, 1)]
    [InlineData(4, 2)]
    [InlineData(2, 2)]
    [InlineData(2, 5)]
    public void Every_form_sets_a_gate_through_all_three_in_every_version(ushort cmts, ushort server)
    {
        QosWorld world = new QosWorld(
            Given.Cmts with { CapacityUp = 1e9, SidsPerModem = 100, Cops = new CopsSettings("cmts") { Offered = [new PcmmVersion(cmts, 0)] } },
            north: new CopsSettings("server") { Offered = [new PcmmVersion(server, 0)] }).Start();
        foreach (object[] form in (IEnumerable<object[]>)Forms)
        {
            TrafficProfile profile = Profile((TrafficProfileType)form[0], (int)form[1], (int)form[2]);
            GateSpec spec = Given.Upstream with { Direction = profile.Type == TrafficProfileType.Downstream ? GateDirection.Downstream : GateDirection.Upstream };
            GateHandle gate = world.Manager.Request($"{form[0]} {form[1]} {form[2]}", Given.Request(profile: profile, spec: spec))[0];
            world.Settle();
            GateState wanted = profile.Envelopes switch { ResourceEnvelopes.Authorize => GateState.Authorized, ResourceEnvelopes.Reserve => GateState.Reserved, _ => GateState.Committed };
            Assert.Equal((GateEventKind.Set, wanted), (world.Manager.Last(gate)!.Kind, world.Cmts[0].Engine.Snapshot(world.Now).Gates.Single().State));
            world.Manager.Release($"{form[0]} {form[1]} {form[2]}");
            world.Settle();
            Assert.Equal((0, 0), (world.Cmts[0].Engine.GateCount, world.Manager.Journal.Count));
        }
    }

    /// <summary>A profile whose later sets fit into its earlier ones, without the fields that old layouts do not have.</summary>
    private static TrafficProfile Profile(TrafficProfileType type, int envelopes, int sets)
    {
        ParameterSet Set(uint share) => type switch
        {
            TrafficProfileType.FlowSpec => new ParameterSet { FlowSpec = FlowSpec.Constant(200, 50) },
            TrafficProfileType.BestEffort => Rates(share) with { Priority = 3, RequestPolicy = 0x10 },
            TrafficProfileType.NonRealTimePolling => Rates(share) with { Priority = 3, RequestPolicy = 0x1F, PollingInterval = 20000 },
            TrafficProfileType.RealTimePolling => Rates(share) with { RequestPolicy = 0x1F, PollingInterval = 5000, PollJitter = 2000 },
            TrafficProfileType.Downstream => Rates(share) with { Priority = 3, MaxLatency = 9000 },
            TrafficProfileType.UnsolicitedGrant => Grant(share),
            _ => Grant(share) with { PollingInterval = 20000, PollJitter = 900 },
        };
        return new TrafficProfile(type, (ResourceEnvelopes)envelopes)
        {
            ServiceNumber = type == TrafficProfileType.FlowSpec ? (byte)2 : (byte)0, Count = sets, First = Set(3), Second = sets > 1 ? Set(2) : default, Third = sets > 2 ? Set(1) : default,
        };
    }

    private static ParameterSet Rates(uint share) => new() { MaxSustainedRate = 100_000 * share, MinReservedRate = 100_000 * share, MaxBurst = 3044, MinPacketSize = 64 };

    private static ParameterSet Grant(uint share) => new()
    {
        RequestPolicy = 0x37F, GrantSize = (ushort)(100 * share), GrantsPerInterval = 1, GrantInterval = 20000, GrantJitter = 800,
    };
}
