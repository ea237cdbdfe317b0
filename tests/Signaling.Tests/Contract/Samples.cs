using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Tests.Contract;

/// <summary>One filled message of every kind, and one document of every sort.</summary>
internal static class Samples
{
    public static readonly DateTimeOffset Time = new(2026, 11, 21, 8, 15, 28, 120, TimeSpan.Zero);

    private const string Odd = "a<b>&\"c\"\t\u00e4\u20ac\U0001F600 'x'\nline";

    public static DeviceBody Device { get; } = new()
    {
        Ref = "zone-15", Type = "contact", Protocol = "simulated", Address = "0x17;" + Odd, Name = "Kitchen " + Odd, Partition = 1, Zone = 15,
        Properties = [new DeviceProperty("contact", "open", Time), new DeviceProperty("text", Odd), new DeviceProperty("empty", "")],
    };

    public static DirectiveBody Trigger { get; } = new()
    {
        Id = "d-1", Version = 3, Type = "trigger",
        When = [new DirectiveCondition { Device = "zone-15", Property = "contact", Value = "open" }],
        If = [new DirectiveCondition { Partition = 1, Mode = "away" }, new DirectiveCondition { From = new TimeOnly(22, 0), To = new TimeOnly(6, 30) }],
        Do =
        [
            new DirectiveAction { Kind = "property.set", Device = "light-1", Property = "on", Value = "true", Delay = TimeSpan.FromSeconds(5) },
            new DirectiveAction { Kind = "event.raise", Event = "log", Priority = "alarm", Value = Odd },
        ],
    };

    public static MediaBody Offer { get; } = new()
    {
        Session = "s-77", Camera = "cam-2", TimeToLive = TimeSpan.FromMinutes(15), Sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\n", EndOfCandidates = false,
        Candidates = [new MediaCandidate("candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host", "0", 0)],
        Relays = [new MediaRelayAddress("turns:relay.example:5349?transport=tcp", "1735:gw", "se<cret")],
    };

    public static IReadOnlyList<Instruction> Instructions { get; } = [.. InstructionKinds.All.Select((kind, i) => Of(kind, (ulong)i + 1))];

    public static IReadOnlyList<SmaEvent> Events { get; } = [.. SmaEventKinds.FromGateway.Select((kind, i) => Event(kind, (ulong)i + 1))];

    public static IReadOnlyDictionary<string, byte[]> Documents { get; } = Write();

    private static Instruction Of(string kind, ulong seq)
    {
        var plain = new Instruction { Id = $"es-{seq}", Seq = seq, Time = Time, Expires = Time.AddMinutes(1), Kind = kind, Cause = "gw-0001-17" };
        return kind switch
        {
            InstructionKinds.DeviceCreate or InstructionKinds.DeviceRemove or InstructionKinds.PropertyGet => plain with { Device = Device },
            InstructionKinds.PropertySet => plain with { Device = Device with { IfAt = Time } },
            InstructionKinds.HomeQuery => plain with { Body = new HomeQuery("partition", 1, "contact", ["contact", "battery"]) },
            InstructionKinds.DirectiveCreate => plain with { Body = Trigger },
            InstructionKinds.DirectiveModify => plain with { Body = new DirectiveBody { Id = "d-2", Version = 1, Type = "schedule", At = new TimeOnly(22, 30), Days = ["mon", "sun"], Enabled = false, Do = Trigger.Do } },
            InstructionKinds.DirectiveDelete => plain with { Body = new DirectiveBody { Id = "d-3", Version = 4, Type = "filter", MinInterval = TimeSpan.FromMinutes(1), MinChange = 0.5m, When = Trigger.When } },
            InstructionKinds.PartitionArm => plain with { Body = new PartitionBody { Id = 1, Mode = "away", User = "u-1", CodeHash = new string('a', 64), EntryDelay = TimeSpan.FromSeconds(30), ExitDelay = TimeSpan.Zero, Bypass = [3, 900] } },
            InstructionKinds.PartitionDisarm => plain with { Body = new PartitionBody { Id = 1 } },
            InstructionKinds.MediaInvite or InstructionKinds.MediaOffer or InstructionKinds.MediaAnswer or InstructionKinds.MediaCandidate => plain with { Body = Offer },
            InstructionKinds.MediaEnd => plain with { Body = new MediaBody { Session = "s-77", Reason = "hang-up" } },
            InstructionKinds.ClipRequest => plain with { Body = new ClipBody { Id = "c-1", Camera = "cam-2", From = Time, To = Time.AddSeconds(30), Url = "https://x.example/c-1", Type = "video/mp4" } },
            InstructionKinds.ConfigApply or InstructionKinds.FirmwareApply or InstructionKinds.LogUpload => plain with { Body = new ProvisioningBody { Version = "1.2.3", Url = "https://x.example/f", Sha256 = new string('0', 64), From = Time, To = Time.AddHours(1) } },
            InstructionKinds.ContentShow => plain with { Body = new ContentBody { Id = "n-1", TimeToLive = TimeSpan.FromHours(1), Importance = "high", Title = "Storm", Text = Odd } },
            InstructionKinds.LookInStarted or InstructionKinds.LookInEnded => plain with { Body = new LookInBody("s-77", "Central station, operator 7", "alarm", ["cam-1", "cam-2"]) },
            _ => plain,
        };
    }

    private static SmaEvent Event(string kind, ulong seq)
    {
        var plain = new SmaEvent { Id = $"b41f-{seq}", Seq = seq, Time = Time, Kind = kind };
        return kind switch
        {
            SmaEventKinds.DeviceState => plain with { Device = Device, Cause = "es-9f2", Priority = EventPriority.Alarm, Code = "130", Partition = 1, Zone = 15 },
            SmaEventKinds.DeviceAdded or SmaEventKinds.DeviceRemoved or SmaEventKinds.DeviceLost or SmaEventKinds.DeviceBack => plain with { Device = Device, Priority = EventPriority.Trouble },
            SmaEventKinds.PartitionState => plain with { Body = new PartitionBody { Id = 1, Mode = "stay", State = "armed", Bypass = [3] } },
            SmaEventKinds.AlarmRaised => plain with { Priority = EventPriority.Alarm, Code = "134", Partition = 1, Zone = 1, Mode = "away", State = "alarm", Body = new TextBody(Odd) },
            SmaEventKinds.MediaOffer or SmaEventKinds.MediaAnswer or SmaEventKinds.MediaCandidate => plain with { Body = Offer, Cause = "es-1" },
            SmaEventKinds.MediaState or SmaEventKinds.MediaEnd => plain with { Body = new MediaBody { Session = "s-77", State = "connected", Reason = "bye" } },
            SmaEventKinds.ClipStored => plain with { Body = new ClipBody { Id = "c-1", Size = 123456789012, Sha256 = new string('f', 64), Type = "image/jpeg" } },
            SmaEventKinds.DirectiveState or SmaEventKinds.DirectiveFired => plain with { Body = new DirectiveBody { Id = "d-1", Version = 3, State = "stored", Hash = new string('1', 64) } },
            SmaEventKinds.InstructionResult => plain with { Body = new ResultBody("refused", "stale", Odd), Cause = "es-2" },
            SmaEventKinds.ProvisioningState => plain with { Body = new ProvisioningBody { Version = "1", State = "degraded", Step = "config.apply", Detail = Odd } },
            SmaEventKinds.ContentShown or SmaEventKinds.ContentAnswered => plain with { Body = new ContentBody { Id = "n-1", Answer = "yes" } },
            SmaEventKinds.HomeSnapshot => plain with { Body = new HomeSnapshot(1, 2, [Device, Device with { Ref = "zone-16" }]) },
            SmaEventKinds.Log => plain with { Body = new TextBody(Odd), Priority = EventPriority.Bulk, IsClockUnset = true, Monotonic = TimeSpan.FromMilliseconds(123_456) },
            _ => plain,
        };
    }

    private static Dictionary<string, byte[]> Write()
    {
        var documents = new Dictionary<string, byte[]>();
        var x = new XmlOutput();
        void Add(string name, Action<XmlOutput> write)
        {
            x.Clear();
            write(x);
            documents[name] = x.Written.ToArray();
        }

        foreach (Instruction instruction in Instructions)
            Add("instruction-" + instruction.Kind, o => SmaWriter.WriteInstructions(o, new InstructionBatch("gw-0001", "7c02", [instruction])));
        foreach (SmaEvent message in Events)
            Add("event-" + message.Kind, o => SmaWriter.WriteEvents(o, "gw-0001", "b41f", [message]));
        Add("events-all", o => SmaWriter.WriteEvents(o, "gw-0001", "b41f", Events));
        Add("accepted", o => SmaWriter.WriteAccepted(o, new EventsAccepted
        {
            Gateway = "gw-0001", Epoch = "b41f", UpTo = 17, Missing = [new SeqRange(18, 20), new SeqRange(22, 22)],
            Rejected = [new RejectedEvent(0, "schema", 12, "It is <bad>.")], Instructions = new InstructionBatch("gw-0001", "7c02", [Instructions[0], Instructions[1]]),
        }));
        Add("accepted-empty", o => SmaWriter.WriteAccepted(o, new EventsAccepted { Gateway = "g", Epoch = "e", UpTo = 0 }));
        Add("hello", o => SmaWriter.WriteHello(o, new Hello
        {
            Gateway = "gw-0001", Epoch = "b41f", Majors = [1, 2], Software = "mediarelay " + Odd, Hardware = "r1", Capabilities = ["sse", "clips"],
            LastEvent = 17, FirstEvent = 3, LastInstruction = 41, InstructionEpoch = "7c02", Time = Time, IsClockUnset = true, Config = "v7",
        }));
        Add("welcome", o => SmaWriter.WriteWelcome(o, new Welcome
        {
            Gateway = "gw-0001", Epoch = "7c02", Major = 1, Time = Time, Heartbeat = TimeSpan.FromSeconds(25), Hold = TimeSpan.FromSeconds(25), Jitter = TimeSpan.FromSeconds(120),
            LastEvent = 17, LastInstruction = 41, MaxEvents = 256, MaxBody = SmaContract.MaxBody, RenewBefore = Time.AddDays(300), Config = "v8",
        }));
        Add("enrol", o => SmaWriter.WriteEnrol(o, new EnrolRequest("gw-0001", "K7QDA-2MXWP", "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n")));
        Add("enrolled", o => SmaWriter.WriteEnrolled(o, new EnrolAnswer("gw-0001", Time.AddDays(365), "-----BEGIN CERTIFICATE-----\nMIIB", "-----BEGIN CERTIFICATE-----\nMIIC")));
        Add("error", o => SmaWriter.WriteError(o, new ErrorDocument(429, "rate", TimeSpan.FromSeconds(2.1), "0HN1-2", "Too many", "Slow down.", 3)));
        Add("error-never", o => SmaWriter.WriteError(o, new ErrorDocument(404, "not-found", null, "0HN1-3", "Not found", "There is no such resource.")));
        return documents;
    }
}
