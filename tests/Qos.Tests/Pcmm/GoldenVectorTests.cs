using MediaRelay.Fuzz.Qos;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Tests.Support;

namespace MediaRelay.Qos.Tests.Pcmm;

/// <summary>Every COPS vector: written from its described values, read into values that write the same bytes, and its fields as tshark shows them.</summary>
public sealed class GoldenVectorTests
{
    private static readonly Amid Amid = new(0, 0x5678);
    private static readonly SubscriberId Subscriber = SubscriberId.FromV4(0x0a141e28);
    private static readonly GateSpec Upstream = new(GateDirection.Upstream) { T1 = 200, T2 = 300, T3 = 60, T4 = 30 };

    private static readonly TrafficProfile G711 = TrafficProfile.FromFlowSpec(ResourceEnvelopes.Commit, FlowSpec.Constant(200, 50));

    private static readonly Classifier Legacy = new(ClassifierKind.Legacy)
    {
        Protocol = 17, Source = 0x0a141e28, Destination = 0xc6336407, SourcePortStart = 16384, DestinationPortStart = 40000, Priority = 64,
    };

    public static TheoryData<string> Names =>
    [
        "01-opn-v4", "02-cat", "03-req", "04-keepalive", "05-gate-set-flowspec-g711", "06-gate-set-ugs-event", "07-gate-set-rtps-video",
        "08-gate-set-ds-limits", "09-gate-set-scn", "10-gate-set-v6-be", "11-gate-set-ack", "12-gate-set-err-missing", "13-gate-info-ack",
        "14-gate-report-state-t3", "15-msg-receipt", "16-gate-delete", "17-gate-delete-ack", "18-synch-request", "19-client-close",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_vector_is_written_byte_for_byte_from_its_values(string name)
    {
        Assert.Equal(Convert.ToHexString(VectorFile.Hex($"pcmm/{name}.hex")), Convert.ToHexString(Write(name)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_vector_is_read_into_values_that_write_the_same_bytes(string name)
    {
        byte[] vector = VectorFile.Hex($"pcmm/{name}.hex");
        Assert.True(CopsMessage.TryRead(vector, out CopsMessage message, out CopsFault fault), fault.ToString());
        var copy = new byte[1024];
        int length = MessageRewriter.Rewrite(message, copy);
        Assert.Equal(Convert.ToHexString(vector), Convert.ToHexString(copy.AsSpan(0, Math.Max(length, 0))));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_vector_reads_as_tshark_reads_it(string name)
    {
        Assert.True(CopsMessage.TryRead(VectorFile.Hex($"pcmm/{name}.hex"), out CopsMessage message, out _));
        Assert.True(PcmmMessage.TryRead(message.Payload, PcmmLayout.Current, out PcmmMessage objects));
        Dictionary<string, string> ours = FieldNames.Describe(message, objects);
        int compared = 0;
        foreach (string line in File.ReadLines(VectorFile.Find($"pcmm/{name}.fields")))
        {
            int equal = line.IndexOf('=', StringComparison.Ordinal);
            if (line.StartsWith('#') || equal < 0 || !ours.TryGetValue(line[..equal], out string? value)) continue;
            Assert.Equal($"{line[..equal]}={value}", line);
            ours.Remove(line[..equal]);
            compared++;
        }
        Assert.True(compared >= 4, $"{name}: only {compared} fields were compared");
        Assert.Empty(ours);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_truncation_of_a_vector_is_refused(string name)
    {
        byte[] vector = VectorFile.Hex($"pcmm/{name}.hex");
        for (int length = 0; length < vector.Length; length++) Assert.False(CopsMessage.TryRead(vector.AsSpan(0, length), out _, out _));
    }

    [Theory]
    [InlineData(1, 24, 40, 56)]
    [InlineData(0, 36, 64, 92)]
    public void Both_layouts_of_an_unsolicited_grant_are_read_and_written(int layout, params int[] lengths)
    {
        for (int count = 1; count <= 3; count++)
        {
            var envelopes = (ResourceEnvelopes)((1 << Math.Max(count, 1)) - 1);
            var set = new ParameterSet { RequestPolicy = 0x37F, GrantSize = 232, GrantsPerInterval = 1, GrantInterval = 20000, GrantJitter = 800 };
            var profile = new TrafficProfile(TrafficProfileType.UnsolicitedGrant, envelopes)
            {
                Count = count, First = set, Second = count > 1 ? set with { GrantSize = 200 } : default, Third = count > 2 ? set with { GrantSize = 100 } : default,
            };
            var body = new byte[profile.BodySize((PcmmLayout)layout)];
            Assert.Equal(lengths[count - 1], body.Length + 4);
            profile.Write(body, (PcmmLayout)layout);
            Assert.Equal(PcmmErrorCode.None, TrafficProfile.TryRead(profile.Type, body, (PcmmLayout)layout, out TrafficProfile read));
            Assert.Equal(profile, read);
            Assert.Equal(PcmmErrorCode.None, TrafficProfile.TryRead(profile.Type, body, 1 - (PcmmLayout)layout, out TrafficProfile tolerant));
            Assert.Equal(profile, tolerant);
        }
    }

    [Fact]
    public void Best_effort_of_80_bytes_is_told_apart_by_its_envelopes()
    {
        var old = new TrafficProfile(TrafficProfileType.BestEffort, ResourceEnvelopes.Commit)
        {
            Count = 3, First = new ParameterSet { MaxSustainedRate = 3 }, Second = new ParameterSet { MaxSustainedRate = 2 }, Third = new ParameterSet { MaxSustainedRate = 1 },
        };
        var two = old with { Envelopes = ResourceEnvelopes.Reserve, Count = 2, Third = default };
        foreach ((TrafficProfile profile, PcmmLayout layout) in new[] { (old, PcmmLayout.Old), (two, PcmmLayout.Current) })
        {
            var body = new byte[76];
            Assert.Equal(76, profile.BodySize(layout));
            profile.Write(body, layout);
            Assert.Equal(PcmmErrorCode.None, TrafficProfile.TryRead(profile.Type, body, PcmmLayout.Current, out TrafficProfile read));
            Assert.Equal(profile, read);
        }
    }

    [Fact]
    public void Reading_a_gate_set_allocates_nothing()
    {
        byte[] vector = VectorFile.Hex("pcmm/06-gate-set-ugs-event.hex");
        AllocationCheck.Zero(() => ReadAll(vector));
    }

    [Fact]
    public void Writing_a_gate_set_allocates_nothing()
    {
        var buffer = new byte[1024];
        AllocationCheck.Zero(() =>
        {
            CopsWriter writer = Decision(buffer, 0x1234);
            GateSet(ref writer, 0x9999, Upstream, G711, Legacy);
            Assert.True(writer.TryFinish(out _));
        });
    }

    private static void ReadAll(byte[] vector)
    {
        if (!CopsMessage.TryRead(vector, out CopsMessage message, out _)) throw new InvalidOperationException();
        if (!PcmmMessage.TryRead(message.Payload, PcmmLayout.Current, out PcmmMessage objects)) throw new InvalidOperationException();
        if (!PcmmGrammar.Check(objects, true).IsNone || objects.TryGetProfile(out TrafficProfile profile) != PcmmErrorCode.None) throw new InvalidOperationException();
        if (!objects.TryGetSubscriber(out _) || !objects.TryGetGateSpec(out _) || profile.Count != 1) throw new InvalidOperationException();
        foreach (PcmmMessage.ObjectSequence item in objects.Classifiers) _ = item.Classifier;
    }

    private static CopsWriter Decision(Span<byte> buffer, uint handle)
    {
        var writer = new CopsWriter(buffer, CopsOpCode.Decision);
        writer.AddUInt32((byte)CopsClass.Handle, 1, handle);
        writer.AddUInt32((byte)CopsClass.Context, 1, 0x00080000);
        writer.AddPair((byte)CopsClass.Decision, 1, 1, 0);
        writer.BeginPayload(CopsClass.Decision, 4);
        return writer;
    }

    private static CopsWriter Report(Span<byte> buffer, CopsReportType type)
    {
        var writer = new CopsWriter(buffer, CopsOpCode.ReportState, type != CopsReportType.Accounting);
        writer.AddUInt32((byte)CopsClass.Handle, 1, 0x1234);
        writer.AddPair((byte)CopsClass.ReportType, 1, (ushort)type, 0);
        writer.BeginPayload(CopsClass.ClientSpecific, 1);
        return writer;
    }

    private static void GateSet(ref CopsWriter writer, ushort transaction, in GateSpec spec, in TrafficProfile profile, in Classifier classifier, SubscriberId? subscriber = null)
    {
        writer.AddTransaction(transaction, GateCommand.GateSet);
        writer.AddAmid(Amid);
        writer.AddSubscriber(subscriber ?? Subscriber);
        writer.AddGateSpec(spec);
        writer.AddProfile(profile, PcmmLayout.Current);
        writer.AddClassifier(classifier);
    }

    private static byte[] Write(string name)
    {
        var buffer = new byte[1024];
        CopsWriter writer = default;
        switch (name)
        {
            case "01-opn-v4":
                writer = new CopsWriter(buffer, CopsOpCode.ClientOpen);
                writer.AddPepId("cmts1.example"u8);
                writer.BeginPayload(CopsClass.ClientSpecific, 1);
                writer.AddVersion(PcmmVersion.V4);
                break;
            case "02-cat":
                writer = new CopsWriter(buffer, CopsOpCode.ClientAccept);
                writer.AddPair((byte)CopsClass.KeepAliveTimer, 1, 0, 60);
                break;
            case "03-req":
                writer = new CopsWriter(buffer, CopsOpCode.Request);
                writer.AddUInt32((byte)CopsClass.Handle, 1, 0x1234);
                writer.AddUInt32((byte)CopsClass.Context, 1, 0x00080000);
                break;
            case "04-keepalive":
                writer = new CopsWriter(buffer, CopsOpCode.KeepAlive);
                break;
            case "05-gate-set-flowspec-g711":
                writer = Decision(buffer, 0x1234);
                GateSet(ref writer, 0x9999, Upstream, G711, Legacy);
                break;
            case "06-gate-set-ugs-event":
                writer = Decision(buffer, 0x5678);
                GateSet(ref writer, 1, Upstream, TrafficProfile.Single(TrafficProfileType.UnsolicitedGrant, ResourceEnvelopes.Commit, new ParameterSet
                {
                    RequestPolicy = 0x37F, GrantSize = 232, GrantsPerInterval = 1, GrantInterval = 20000, GrantJitter = 800,
                }), new Classifier(ClassifierKind.Extended)
                {
                    Protocol = 17, Source = 0x0a141e28, SourceMask = uint.MaxValue, Destination = 0xc6336400, DestinationMask = 0xffffff00,
                    SourcePortStart = 16384, SourcePortEnd = 16385, DestinationPortStart = 40000, DestinationPortEnd = 40001, Id = 1, Priority = 64, Activation = 1,
                });
                writer.AddEventGenerationInfo(new EventGenerationInfo(
                    false, 0xc000020a, 1813, 0xc000020b, 1813, BillingCorrelationId.Create(0x3e481208, 146, "0-050000", 0x3db77)));
                writer.AddOpaque(0x73657373696f6e31);
                break;
            case "07-gate-set-rtps-video":
                var video = new ParameterSet
                {
                    RequestPolicy = 0x1F, MaxSustainedRate = 6000000, MaxBurst = 24000, MinReservedRate = 6000000, MinPacketSize = 1218, MaxConcatenatedBurst = 1522,
                    PollingInterval = 5000, PollJitter = 2000,
                };
                writer = Decision(buffer, 0x1234);
                GateSet(ref writer, 2, Upstream, new TrafficProfile(TrafficProfileType.RealTimePolling, ResourceEnvelopes.Commit)
                {
                    Count = 3, First = video, Second = video with { MaxSustainedRate = 4000000, MinReservedRate = 4000000 },
                    Third = video with { MaxSustainedRate = 2000000, MinReservedRate = 2000000 },
                }, Legacy);
                break;
            case "08-gate-set-ds-limits":
                writer = Decision(buffer, 0x1234);
                var marked = Upstream with { Direction = GateDirection.Downstream, OverwritesDscp = true, Tos = 0xa0, TosMask = 0xfc, SessionClass = new SessionClass(5, true) };
                GateSet(ref writer, 3, marked, TrafficProfile.Single(TrafficProfileType.Downstream, ResourceEnvelopes.Commit, new ParameterSet
                {
                    Priority = 5, MaxSustainedRate = 4096000, MaxBurst = 24000, MinReservedRate = 2048000, MinPacketSize = 1218, PeakRate = 8192000,
                }), Legacy with { Source = 0xc6336407, Destination = 0x0a141e28, SourcePortStart = 40000, DestinationPortStart = 16384 });
                writer.AddVolumeLimit(2048);
                writer.AddTimeLimit(3600);
                break;
            case "09-gate-set-scn":
                writer = Decision(buffer, 0x1234);
                GateSet(ref writer, 4, Upstream with { Direction = GateDirection.Downstream }, TrafficProfile.FromServiceClass(ResourceEnvelopes.Commit, "video_dn"), Legacy);
                break;
            case "10-gate-set-v6-be":
                Assert.True(SubscriberId.TryParse("2001:db8:10::40", out SubscriberId home));
                Assert.True(SubscriberId.TryParse("2001:db8:99::", out SubscriberId far));
                writer = Decision(buffer, 0x1234);
                GateSet(ref writer, 5, Upstream, TrafficProfile.Single(TrafficProfileType.BestEffort, ResourceEnvelopes.Commit, new ParameterSet
                {
                    Priority = 1, MaxSustainedRate = 1500000, MaxBurst = 3044, MinReservedRate = 500000, MinPacketSize = 256, MaxConcatenatedBurst = 1522,
                }), new Classifier(ClassifierKind.Ipv6)
                {
                    Flags = 1, Tos = 0x28, TosHigh = 0x28, TosMask = 0xfc, FlowLabel = 0x12345, Protocol = 17, Source = home.Address, SourceMask = 128, Destination = far.Address,
                    DestinationMask = 64, SourcePortStart = 16384, SourcePortEnd = 16384, DestinationPortStart = 0, DestinationPortEnd = 65535, Id = 7, Priority = 64, Activation = 1,
                }, home);
                break;
            case "11-gate-set-ack":
                writer = Report(buffer, CopsReportType.Success);
                Identify(ref writer, 0x9999, GateCommand.GateSetAck);
                writer.AddGateId(new GateId(0x12345678));
                writer.AddOpaque(0x73657373696f6e31);
                break;
            case "12-gate-set-err-missing":
                writer = Report(buffer, CopsReportType.Failure);
                Identify(ref writer, 6, GateCommand.GateSetErr);
                writer.AddError(PcmmError.Missing(PcmmObject.Classifier, 0));
                break;
            case "13-gate-info-ack":
                writer = Report(buffer, CopsReportType.Success);
                writer.AddTransaction(7, GateCommand.GateInfoAck);
                writer.AddAmid(new Amid(3, 0x5678));
                writer.AddSubscriber(Subscriber);
                writer.AddGateId(new GateId(0x12345678));
                writer.AddGateSpec(Upstream);
                writer.AddProfile(G711, PcmmLayout.Current);
                writer.AddClassifier(Legacy);
                writer.AddGateTime(86400);
                writer.AddGateUsage(4294967298);
                writer.AddState(GateState.Committed, GateReason.Other);
                break;
            case "14-gate-report-state-t3":
                writer = Report(buffer, CopsReportType.Accounting);
                Identify(ref writer, 0, GateCommand.GateReportState);
                writer.AddGateId(new GateId(0x12345678));
                writer.AddState(GateState.CommittedRecovery, GateReason.T3Expired);
                writer.AddGateTime(61);
                writer.AddGateUsage(12);
                writer.AddReceiptKey(0xcafe0001);
                break;
            case "15-msg-receipt":
                writer = Decision(buffer, 0x1234);
                writer.AddTransaction(0, GateCommand.MsgReceipt);
                writer.AddReceiptKey(0xcafe0001);
                break;
            case "16-gate-delete":
                writer = Decision(buffer, 0x1234);
                Identify(ref writer, 0x9998, GateCommand.GateDelete);
                writer.AddGateId(new GateId(0x12345678));
                break;
            case "17-gate-delete-ack":
                writer = Report(buffer, CopsReportType.Success);
                writer.AddTransaction(0x9998, GateCommand.GateDeleteAck);
                writer.AddAmid(Amid);
                writer.AddGateId(new GateId(0x12345678));
                break;
            case "18-synch-request":
                writer = Decision(buffer, 0x5678);
                writer.AddTransaction(8, GateCommand.SynchRequest);
                writer.AddPsid(new Psid(77));
                writer.AddSynchOptions(new SynchOptions(IsComplete: true, IsIncremental: false));
                break;
            case "19-client-close":
                writer = new CopsWriter(buffer, CopsOpCode.ClientClose);
                writer.AddPair((byte)CopsClass.Error, 1, (ushort)CopsErrorCode.UnableToProcess, 0);
                break;
        }
        Assert.True(writer.TryFinish(out int length));
        return buffer[..length];
    }

    private static void Identify(ref CopsWriter writer, ushort transaction, GateCommand command)
    {
        writer.AddTransaction(transaction, command);
        writer.AddAmid(Amid);
        writer.AddSubscriber(Subscriber);
    }
}
