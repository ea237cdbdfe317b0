using System.Collections.Immutable;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;
using MediaRelay.Tests.Support;

namespace MediaRelay.Qos.Tests.Cmts;

/// <summary>Table 14-3: every error code by its own cause, sub-code included, at the CMTS or at the policy server.</summary>
public sealed class ErrorTableTests
{
    private static readonly Amid Amid = new(0, 0x5678);

    public static TheoryData<string, int, PcmmErrorCode, ushort> Causes => new()
    {
        { "capacity is used up", (int)GateCommand.GateSetErr, PcmmErrorCode.InsufficientResources, 0 },
        { "the gate does not exist", (int)GateCommand.GateDeleteErr, PcmmErrorCode.UnknownGateId, 0 },
        { "the gate asked about does not exist", (int)GateCommand.GateInfoErr, PcmmErrorCode.UnknownGateId, 0 },
        { "the gate to change does not exist", (int)GateCommand.GateSetErr, PcmmErrorCode.UnknownGateId, 0 },
        { "no classifier", (int)GateCommand.GateSetErr, PcmmErrorCode.MissingRequiredObject, 0x0600 },
        { "no traffic profile", (int)GateCommand.GateSetErr, PcmmErrorCode.MissingRequiredObject, 0x0700 },
        { "no subscriber", (int)GateCommand.GateSetErr, PcmmErrorCode.MissingRequiredObject, 0x0300 },
        { "no gate specification", (int)GateCommand.GateSetErr, PcmmErrorCode.MissingRequiredObject, 0x0501 },
        { "no AMID", (int)GateCommand.GateSetErr, PcmmErrorCode.MissingRequiredObject, 0x0201 },
        { "delete without gate", (int)GateCommand.GateDeleteErr, PcmmErrorCode.MissingRequiredObject, 0x0401 },
        { "synchronisation without options", (int)GateCommand.SynchComplete, PcmmErrorCode.MissingRequiredObject, 0x1201 },
        { "configuration without PSID", (int)GateCommand.PdpConfigErr, PcmmErrorCode.MissingRequiredObject, 0x1101 },
        { "a gate specification of a wrong length", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidObject, 0x0501 },
        { "a profile of a wrong length", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidObject, 0x0706 },
        { "two gate specifications", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidObject, 0x0501 },
        { "classifiers of two types", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidObject, 0x0601 },
        { "one gate too many in a session class", (int)GateCommand.GateSetErr, PcmmErrorCode.SessionClassLimitExceeded, 0 },
        { "an unknown service class", (int)GateCommand.GateSetErr, PcmmErrorCode.UndefinedServiceClassName, 0 },
        { "a service class of the other direction", (int)GateCommand.GateSetErr, PcmmErrorCode.UndefinedServiceClassName, 0 },
        { "more reserved than authorised", (int)GateCommand.GateSetErr, PcmmErrorCode.IncompatibleEnvelope, 0 },
        { "committed straight back to authorised", (int)GateCommand.GateSetErr, PcmmErrorCode.IncompatibleEnvelope, 0 },
        { "nobody has this address", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidSubscriberId, 0 },
        { "another subscriber than at creation", (int)GateCommand.GateDeleteErr, PcmmErrorCode.InvalidSubscriberId, 0 },
        { "synchronisation for an unknown subscriber", (int)GateCommand.SynchComplete, PcmmErrorCode.InvalidSubscriberId, 0 },
        { "another application manager's gate", (int)GateCommand.GateDeleteErr, PcmmErrorCode.UnauthorizedAmid, 0 },
        { "five classifiers", (int)GateCommand.GateSetErr, PcmmErrorCode.NumberOfClassifiers, 4 },
        { "grant jitter below 800", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidFieldValue, 0x0706 },
        { "poll jitter of 1", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidFieldValue, 0x0705 },
        { "poll jitter of 799 with activity detection", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidFieldValue, 0x0707 },
        { "slack below 800", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidFieldValue, 0x0701 },
        { "envelope 5", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidFieldValue, 0x0701 },
        { "a classifier replaced that is not there", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidFieldValue, 0x0602 },
        { "a classifier with activation 2", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidFieldValue, 0x0602 },
        { "a classifier with action 4", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidFieldValue, 0x0602 },
        { "an IPv6 classifier with activation 2", (int)GateCommand.GateSetErr, PcmmErrorCode.InvalidFieldValue, 0x0603 },
        { "complete and incremental at once", (int)GateCommand.SynchComplete, PcmmErrorCode.InvalidFieldValue, 0x1201 },
        { "a command that does not exist", (int)GateCommand.GateCmdErr, PcmmErrorCode.UnknownGateCommand, 99 },
        { "an answer sent as a command", (int)GateCommand.GateCmdErr, PcmmErrorCode.UnknownGateCommand, 5 },
        { "a DOCSIS 1.0 modem", (int)GateCommand.GateSetErr, PcmmErrorCode.Docsis10Modem, 0 },
        { "one flow too many for the modem", (int)GateCommand.GateSetErr, PcmmErrorCode.SidsExceededInModem, 0 },
        { "one flow too many for the CMTS", (int)GateCommand.GateSetErr, PcmmErrorCode.SidsExceededInCmts, 0 },
        { "a policy server that may not configure", (int)GateCommand.PdpConfigErr, PcmmErrorCode.UnauthorizedPsid, 0 },
        { "a second configuration", (int)GateCommand.PdpConfigErr, PcmmErrorCode.UnauthorizedPsid, 0 },
        { "another PSID than configured", (int)GateCommand.GateInfoErr, PcmmErrorCode.UnauthorizedPsid, 0 },
        { "incremental without earlier state", (int)GateCommand.SynchComplete, PcmmErrorCode.NoStateForPdp, 0 },
        { "incremental where it is not supported", (int)GateCommand.SynchComplete, PcmmErrorCode.UnsupportedSynchType, 0 },
        { "incremental after reports were lost", (int)GateCommand.SynchComplete, PcmmErrorCode.StateDataIncomplete, 0 },
        { "upstream drop", (int)GateCommand.GateSetErr, PcmmErrorCode.UpstreamDropUnsupported, 0 },
        { "a multicast destination", (int)GateCommand.GateSetErr, PcmmErrorCode.MulticastGateError, 0 },
        { "the modem rejects the flow", (int)GateCommand.GateSetErr, PcmmErrorCode.Other, 0 },
        { "the modem does not answer", (int)GateCommand.GateSetErr, PcmmErrorCode.Other, 0 },
        { "a decision that is not install", (int)GateCommand.GateSetErr, PcmmErrorCode.Other, 0 },
    };

    [Theory]
    [MemberData(nameof(Causes))]
    public void Each_code_of_the_error_table_has_a_cause_at_the_cmts(string cause, int answer, PcmmErrorCode code, ushort subCode)
    {
        using var peer = new RawPeer(SettingsFor(cause), configure: cause is not ("configuration without PSID" or "a policy server that may not configure"));
        Arrange(peer, cause);
        (GateCommand Command, PcmmError Error) got = Act(peer, cause);
        Assert.Equal(((GateCommand)answer, new PcmmError(code, subCode)), got);
    }

    [Theory]
    [InlineData("a volume limit above the allowed one", PcmmErrorCode.VolumeLimitExceeded, 0)]
    [InlineData("a time limit above the allowed one", PcmmErrorCode.TimeLimitExceeded, 0)]
    [InlineData("a session class above the application's", PcmmErrorCode.SessionClassLimitExceeded, 0)]
    [InlineData("a subscriber that no route knows", PcmmErrorCode.InvalidSubscriberId, 0)]
    [InlineData("an application that is not served", PcmmErrorCode.UnauthorizedAmid, 0)]
    [InlineData("one gate too many for the subscriber", PcmmErrorCode.PolicyException, (ushort)PolicyExceptionCode.GatesPerSubscriber)]
    [InlineData("too many new gates in a minute", PcmmErrorCode.PolicyException, (ushort)PolicyExceptionCode.NewGatesPerMinute)]
    [InlineData("more rate than the subscriber has", PcmmErrorCode.PolicyException, (ushort)PolicyExceptionCode.RatePerSubscriber)]
    [InlineData("a profile type that is not sold", PcmmErrorCode.PolicyException, (ushort)PolicyExceptionCode.ProfileType)]
    [InlineData("more rate than the application may", PcmmErrorCode.PolicyException, (ushort)PolicyExceptionCode.ApplicationRate)]
    [InlineData("outside the application's hours", PcmmErrorCode.PolicyException, (ushort)PolicyExceptionCode.TimeOfDay)]
    [InlineData("a loaded CMTS", PcmmErrorCode.PolicyException, (ushort)PolicyExceptionCode.CmtsLoad)]
    [InlineData("a subscriber that is denied", PcmmErrorCode.PolicyException, (ushort)PolicyExceptionCode.SubscriberDenied)]
    [InlineData("the CMTS cannot be reached", PcmmErrorCode.TransportError, 0)]
    public void The_policy_servers_own_codes_have_their_causes(string cause, PcmmErrorCode code, ushort subCode)
    {
        const string rules = """
            { "maxVolumeKilobytes": 1000, "maxTimeSeconds": 600, "maxGatesPerSubscriber": 2, "maxRateUp": "3M",
              "profileTypes": ["FlowSpec", "BestEffort"],
              "applications": [ { "type": 0, "maxPriority": 5, "maxRate": "2M" }, { "type": 3, "from": "20:00", "to": "06:00" } ],
              "subscribers": [ { "range": "10.1.9.0/24", "deny": true }, { "range": "10.1.8.0/24", "newGatesPerMinute": 1, "maxGates": 9 } ],
              "cmts": [ { "cmts": 1, "maxGates": 0 } ] }
            """;
        Assert.True(PolicyRules.TryParse(System.Text.Encoding.UTF8.GetBytes(rules), out PolicyRules parsed, out IReadOnlyList<string> faults), string.Join(' ', faults));
        QosWorld world = new QosWorld(rules: parsed, cmtsCount: 2, manager: Given.Manager with { ApplicationTypes = [0, 3] }).Start();
        GateRequest request = Given.Request();
        switch (cause)
        {
            case "a volume limit above the allowed one": request = request with { VolumeLimitKilobytes = 1001 }; break;
            case "a time limit above the allowed one": request = request with { TimeLimitSeconds = 601 }; break;
            case "a session class above the application's": request = request with { Spec = request.Spec with { SessionClass = new SessionClass(6, false) } }; break;
            case "a subscriber that no route knows": request = Given.Request("10.200.0.1"); break;
            case "an application that is not served": request = request with { ApplicationType = 9 }; break;
            case "one gate too many for the subscriber": world.Manager.Request("before", request, Given.Request(port: 7)); break;
            case "too many new gates in a minute":
                request = Given.Request("10.1.8.1");
                world.Manager.Request("before", request);
                break;
            case "more rate than the subscriber has": world.Manager.Request("before", Given.Request(profile: Given.Reserving(1_900_000))); request = Given.Request(profile: Given.Reserving(1_900_000)); break;
            case "a profile type that is not sold": request = Given.Request(profile: TrafficProfile.FromServiceClass(ResourceEnvelopes.Commit, "G711")); break;
            case "more rate than the application may": request = Given.Request(profile: Given.Reserving(2_500_000)); break;
            case "outside the application's hours": request = request with { ApplicationType = 3 }; break;
            case "a loaded CMTS": request = Given.Request("10.2.0.1"); break;
            case "a subscriber that is denied": request = Given.Request("10.1.9.4"); break;
            case "the CMTS cannot be reached": world.Cmts[0].Cut(); world.Cmts[0].IsUp = false; break;
        }
        world.Settle();
        GateHandle gate = world.Manager.Request("s", request)[0];
        world.Settle();
        Assert.Equal(new PcmmError(code, subCode), world.Manager.Last(gate)!.Error);
    }

    private static CmtsSettings SettingsFor(string cause) => cause switch
    {
        "capacity is used up" => Given.Cmts with { CapacityUp = 150_000 },
        "one gate too many in a session class" => Given.Cmts with { SessionClassLimits = new Dictionary<int, int> { [0] = 1 } },
        "a DOCSIS 1.0 modem" => Given.Cmts with { Docsis10Modems = [Given.Prefix("10.1.0.0/16")] },
        "one flow too many for the modem" => Given.Cmts with { SidsPerModem = 1 },
        "one flow too many for the CMTS" => Given.Cmts with { SidsPerCmts = 1 },
        "a policy server that may not configure" => Given.Cmts with { AllowedPsids = [new Psid(1)] },
        "incremental where it is not supported" => Given.Cmts with { SupportsIncrementalSynch = false },
        "incremental after reports were lost" => Given.Cmts with { MaxUnconfirmedReports = 1 },
        "the modem rejects the flow" => Given.Cmts with { DsxRejects = 1 },
        "the modem does not answer" => Given.Cmts with { DsxLoss = 1 },
        "nobody has this address" => Given.Cmts with { Modems = [Given.Prefix("10.2.0.0/16")] },
        _ => Given.Cmts,
    };

    /// <summary>What must be there before the cause: mostly one committed gate.</summary>
    private static void Arrange(RawPeer peer, string cause)
    {
        bool needsGate = cause is "capacity is used up" or "one gate too many in a session class" or "another subscriber than at creation" or "another application manager's gate"
            or "committed straight back to authorised" or "a classifier replaced that is not there" or "one flow too many for the modem" or "one flow too many for the CMTS"
            or "another PSID than configured" or "incremental after reports were lost";
        if (!needsGate) return;
        Assert.Equal(GateCommand.GateSetAck, peer.GateSet(Given.Request()).Command);
        if (cause != "incremental after reports were lost") return;
        peer.GateSet(Given.Request(port: 5));
        peer.LoseModem(Given.Subscriber("10.1.0.7")); // Two reports, room for one.
        peer.Reconnect();
    }

    private static (GateCommand, PcmmError) Act(RawPeer peer, string cause)
    {
        GateRequest request = Given.Request();
        ParameterSet grant = new() { RequestPolicy = 0x37F, GrantSize = 232, GrantsPerInterval = 1, GrantInterval = 20000, GrantJitter = 800 };
        TrafficProfile Profile(TrafficProfileType type, ParameterSet set) => TrafficProfile.Single(type, ResourceEnvelopes.Commit, set);
        switch (cause)
        {
            case "the gate does not exist": return peer.Delete(new GateId(1), Amid, request.Subscriber);
            case "the gate asked about does not exist": return peer.Info(new GateId(1), Amid, request.Subscriber, null);
            case "the gate to change does not exist": return peer.GateSet(request, id: new GateId(1));
            case "no classifier": return peer.GateSet(request, without: PcmmObject.Classifier);
            case "no traffic profile": return peer.GateSet(request, without: PcmmObject.TrafficProfile);
            case "no subscriber": return peer.GateSet(request, without: PcmmObject.SubscriberId);
            case "no gate specification": return peer.GateSet(request, without: PcmmObject.GateSpec);
            case "no AMID": return peer.GateSet(request, without: PcmmObject.Amid);
            case "delete without gate": return peer.Send(GateCommand.GateDelete, (ref CopsWriter w) => { w.AddAmid(Amid); w.AddSubscriber(request.Subscriber); });
            case "synchronisation without options": return peer.Send(GateCommand.SynchRequest, (ref CopsWriter w) => w.AddAmid(Amid));
            case "configuration without PSID": return peer.Send(GateCommand.PdpConfig, (ref CopsWriter w) => w.AddAmid(Amid));
            case "a gate specification of a wrong length": return peer.GateSet(request, without: PcmmObject.GateSpec, more: (ref CopsWriter w) => w.AddObject(5, 1, 8).Clear());
            case "a profile of a wrong length": return peer.GateSet(request, without: PcmmObject.TrafficProfile, more: (ref CopsWriter w) =>
            {
                Span<byte> body = w.AddObject(7, 6, 28);
                body.Clear();
                body[0] = 7;
            });
            case "two gate specifications": return peer.GateSet(request, more: (ref CopsWriter w) => w.AddGateSpec(Given.Upstream));
            case "classifiers of two types": return peer.GateSet(request, without: PcmmObject.Classifier, more: (ref CopsWriter w) =>
            {
                w.AddClassifier(new Classifier(ClassifierKind.Legacy));
                w.AddClassifier(request.Classifiers[0]);
            });
            case "capacity is used up" or "one gate too many in a session class" or "nobody has this address" or "a DOCSIS 1.0 modem" or "one flow too many for the modem"
                or "one flow too many for the CMTS" or "the modem rejects the flow" or "the modem does not answer": return peer.GateSet(Given.Request(port: 9));
            case "an unknown service class": return peer.GateSet(request with { Profile = TrafficProfile.FromServiceClass(ResourceEnvelopes.Commit, "gold") });
            case "a service class of the other direction":
                return peer.GateSet(request with { Spec = request.Spec with { Direction = GateDirection.Downstream }, Profile = TrafficProfile.FromServiceClass(ResourceEnvelopes.Commit, "G711") });
            case "more reserved than authorised":
                return peer.GateSet(request with { Profile = new TrafficProfile(TrafficProfileType.UnsolicitedGrant, ResourceEnvelopes.Reserve) { Count = 2, First = grant, Second = grant with { GrantSize = 300 } } });
            case "committed straight back to authorised": return peer.GateSet(request with { Profile = Given.G711(ResourceEnvelopes.Authorize), Classifiers = Unchanged(request) }, id: peer.LastGate);
            case "another subscriber than at creation": return peer.Delete(peer.LastGate, Amid, Given.Subscriber("10.1.0.8"));
            case "synchronisation for an unknown subscriber": return peer.Synch(default, Given.Subscriber("192.0.2.200"));
            case "another application manager's gate": return peer.Delete(peer.LastGate, new Amid(0, 1), request.Subscriber);
            case "five classifiers": return peer.GateSet(request with { Classifiers = [.. Enumerable.Range(1, 5).Select(i => request.Classifiers[0] with { Id = (ushort)i })] });
            case "grant jitter below 800": return peer.GateSet(request with { Profile = Profile(TrafficProfileType.UnsolicitedGrant, grant with { GrantJitter = 799 }) });
            case "poll jitter of 1": return peer.GateSet(request with { Profile = Profile(TrafficProfileType.RealTimePolling, new ParameterSet { PollJitter = 1, MinReservedRate = 1 }) });
            case "poll jitter of 799 with activity detection": return peer.GateSet(request with { Profile = Profile(TrafficProfileType.UnsolicitedGrantWithActivityDetection, grant with { PollJitter = 799 }) });
            case "slack below 800": return peer.GateSet(request with { Profile = TrafficProfile.FromFlowSpec(ResourceEnvelopes.Commit, FlowSpec.Constant(200, 50, 799)) });
            case "envelope 5": return peer.GateSet(request with { Profile = Given.G711((ResourceEnvelopes)5) });
            case "a classifier replaced that is not there":
                return peer.GateSet(request with { Classifiers = [request.Classifiers[0] with { Id = 44, Action = ClassifierAction.Replace }] }, id: peer.LastGate);
            case "a classifier with activation 2": return peer.GateSet(request with { Classifiers = [request.Classifiers[0] with { Activation = 2 }] });
            case "a classifier with action 4": return peer.GateSet(request with { Classifiers = [request.Classifiers[0] with { Action = (ClassifierAction)4 }] });
            case "an IPv6 classifier with activation 2": return peer.GateSet(request with { Classifiers = [new Classifier(ClassifierKind.Ipv6) { Activation = 2, Protocol = 17 }] });
            case "complete and incremental at once": return peer.Synch(new SynchOptions(true, true), null);
            case "a command that does not exist": return peer.Send((GateCommand)99, (ref CopsWriter w) => w.AddAmid(Amid));
            case "an answer sent as a command": return peer.Send(GateCommand.GateSetAck, (ref CopsWriter w) => w.AddAmid(Amid));
            case "a policy server that may not configure" or "a second configuration": return peer.Send(GateCommand.PdpConfig, (ref CopsWriter w) => w.AddPsid(new Psid(77)));
            case "another PSID than configured": return peer.Info(peer.LastGate, Amid, request.Subscriber, new Psid(78));
            case "incremental without earlier state" or "incremental where it is not supported" or "incremental after reports were lost": return peer.Synch(new SynchOptions(false, true), null);
            case "upstream drop": return peer.GateSet(request with { Profile = new TrafficProfile(TrafficProfileType.UpstreamDrop, ResourceEnvelopes.Commit) });
            case "a multicast destination": return peer.GateSet(request with { Classifiers = [request.Classifiers[0] with { Destination = 0xE0000105 }] });
            case "a decision that is not install": return peer.GateSet(request, decision: 2);
            default: throw new ArgumentException(cause, nameof(cause));
        }
    }

    private static ImmutableArray<Classifier> Unchanged(GateRequest request) => [request.Classifiers[0] with { Action = ClassifierAction.NoChange }];
}
