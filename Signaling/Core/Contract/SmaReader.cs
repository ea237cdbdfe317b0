using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Contract;

/// <summary>
/// Reads the documents of sma-sig-1 from untrusted octets. Nothing here throws on bad input; the result is a value or the first fault.
/// </summary>
/// <remarks>
/// It checks by hand what the schema says, because a schema validator refuses a whole document where the contract asks to refuse
/// one event of it, and costs five times as much. Tests hold the two against each other.
/// </remarks>
public static class SmaReader
{
    private static readonly XmlCursorPool s_pool = new(XmlLimits.Default);
    private static readonly string[] s_priorities = ["alarm", "trouble", "status", "bulk"];
    private static readonly string[] s_clocks = ["set", "unset"];

    private delegate T ReadRoot<T>(XmlCursor x);

    /// <summary>Reads a batch of events; a bad event is listed as rejected and does not harm the others.</summary>
    public static bool TryReadEvents(ReadOnlySpan<byte> utf8, out EventBatch batch, out SmaFault fault) => TryRead(utf8, "events", Events, out batch, out fault);

    /// <summary>Reads instructions; a bad one is listed as rejected and does not harm the others.</summary>
    public static bool TryReadInstructions(ReadOnlySpan<byte> utf8, out InstructionBatch batch, out SmaFault fault) => TryRead(utf8, "instructions", Instructions, out batch, out fault);

    /// <summary>Reads the answer to a POST of events.</summary>
    public static bool TryReadAccepted(ReadOnlySpan<byte> utf8, out EventsAccepted accepted, out SmaFault fault) => TryRead(utf8, "accepted", Accepted, out accepted, out fault);

    /// <summary>Reads a hello.</summary>
    public static bool TryReadHello(ReadOnlySpan<byte> utf8, out Hello hello, out SmaFault fault) => TryRead(utf8, "hello", HelloBody, out hello, out fault);

    /// <summary>Reads a welcome.</summary>
    public static bool TryReadWelcome(ReadOnlySpan<byte> utf8, out Welcome welcome, out SmaFault fault) => TryRead(utf8, "welcome", WelcomeBody, out welcome, out fault);

    /// <summary>Reads a request for a certificate.</summary>
    public static bool TryReadEnrol(ReadOnlySpan<byte> utf8, out EnrolRequest enrol, out SmaFault fault) => TryRead(utf8, "enrol", Enrol, out enrol, out fault);

    /// <summary>Reads the answer with the certificate.</summary>
    public static bool TryReadEnrolled(ReadOnlySpan<byte> utf8, out EnrolAnswer enrolled, out SmaFault fault) => TryRead(utf8, "enrolled", Enrolled, out enrolled, out fault);

    /// <summary>Reads an error document.</summary>
    public static bool TryReadError(ReadOnlySpan<byte> utf8, out ErrorDocument error, out SmaFault fault) => TryRead(utf8, "error", Error, out error, out fault);

    private static bool TryRead<T>(ReadOnlySpan<byte> utf8, string root, ReadRoot<T> read, out T value, out SmaFault fault)
    {
        value = default!;
        fault = default;
        if (utf8.Length > SmaContract.MaxBody)
        {
            fault = new SmaFault(SmaFault.Limit, 0, "The document is larger than 256 KiB.");
            return false;
        }

        XmlCursor x = s_pool.Rent();
        try
        {
            if (x.Open(utf8, root))
                value = read(x);
            if (x.Finish())
                return true;
            fault = x.DocumentFault!.Value;
            value = default!;
            return false;
        }
        finally
        {
            s_pool.Return(x);
        }
    }

    private static EventBatch Events(XmlCursor x)
    {
        string gateway = x.RequiredId("gateway"), epoch = x.RequiredId("epoch");
        var events = new List<SmaEvent>();
        List<RejectedEvent>? rejected = null;
        XmlScope scope = x.Enter();
        while (x.NextChild(scope))
        {
            if (x.Name != "event")
                continue;
            if (events.Count + (rejected?.Count ?? 0) == SmaContract.MaxEvents)
            {
                x.Fail(SmaFault.Limit, "The document has more than 256 events.");
                break;
            }

            XmlScope element = x.Enter();
            SmaEvent message = Event(x);
            if (x.TakeMessageFault() is { } fault)
            {
                (rejected ??= []).Add(new RejectedEvent(message.Seq, fault.Code, fault.Line, fault.Text));
                x.SkipTo(element);
            }
            else
            {
                events.Add(message);
            }
        }

        if (events.Count == 0 && rejected is null)
            x.Fail(SmaFault.Schema, "The document has no event.");
        return new EventBatch(gateway, epoch, events, rejected ?? (IReadOnlyList<RejectedEvent>)[]);
    }

    private static SmaEvent Event(XmlCursor x)
    {
        // The number first: a refused event is named by it.
        ulong seq = x.RequiredNumber("seq", SmaContract.MaxSeq, 1);
        string id = x.RequiredId("id");
        DateTimeOffset time = x.RequiredTime("time");
        string kind = x.RequiredId("kind");
        string? cause = x.OptionalId("cause");
        EventPriority priority = x.OptionalToken("priority", s_priorities) switch
        {
            "alarm" => EventPriority.Alarm,
            "trouble" => EventPriority.Trouble,
            "bulk" => EventPriority.Bulk,
            _ => EventPriority.Status,
        };
        string? code = x.OptionalId("code");
        var partition = (byte?)x.OptionalNumber("partition", byte.MaxValue);
        var zone = (ushort?)x.OptionalNumber("zone", ushort.MaxValue);
        string? mode = x.OptionalId("mode"), state = x.OptionalId("state");
        bool unset = x.OptionalToken("clock", s_clocks) == "unset";
        TimeSpan? monotonic = x.OptionalNumber("monotonic", SmaContract.MaxSeq) is { } ms ? new TimeSpan((long)Math.Min(ms, 1UL << 46) * TimeSpan.TicksPerMillisecond) : null;
        BodyReader.Read(x, out DeviceBody? device, out MessageBody? body);
        return new SmaEvent
        {
            Id = id,
            Seq = seq > SmaContract.MaxSeq ? 0 : seq,
            Time = time,
            Kind = kind,
            Cause = cause,
            Priority = priority,
            Code = code,
            Partition = partition,
            Zone = zone,
            Mode = mode,
            State = state,
            IsClockUnset = unset,
            Monotonic = monotonic,
            Device = device,
            Body = body,
        };
    }

    private static InstructionBatch Instructions(XmlCursor x)
    {
        string gateway = x.RequiredId("gateway"), epoch = x.RequiredId("epoch");
        var instructions = new List<Instruction>();
        List<RejectedInstruction>? rejected = null;
        XmlScope scope = x.Enter();
        while (x.NextChild(scope))
        {
            if (x.Name != "instruction")
                continue;
            if (instructions.Count + (rejected?.Count ?? 0) == SmaContract.MaxInstructions)
            {
                x.Fail(SmaFault.Limit, "The document has more than 64 instructions.");
                break;
            }

            XmlScope element = x.Enter();
            // Number and id first: a refused instruction is answered by them, and one without them is nobody's.
            ulong seq = x.RequiredNumber("seq", SmaContract.MaxSeq, 1);
            string id = x.RequiredId("id");
            if (!x.IsOk)
                break;
            var instruction = new Instruction
            {
                Id = id,
                Seq = seq,
                Time = x.RequiredTime("time"),
                Expires = x.RequiredTime("expires"),
                Kind = x.RequiredId("kind"),
                Cause = x.OptionalId("cause"),
            };
            BodyReader.Read(x, out DeviceBody? device, out MessageBody? body);
            if (x.TakeMessageFault() is { } fault)
            {
                (rejected ??= []).Add(new RejectedInstruction(seq, id, fault));
                x.SkipTo(element);
            }
            else
            {
                instructions.Add(instruction with { Device = device, Body = body });
            }
        }

        if (instructions.Count == 0 && rejected is null)
            x.Fail(SmaFault.Schema, "The document has no instruction.");
        return new InstructionBatch(gateway, epoch, instructions) { Rejected = rejected ?? (IReadOnlyList<RejectedInstruction>)[] };
    }

    private static EventsAccepted Accepted(XmlCursor x)
    {
        var accepted = new EventsAccepted
        {
            Gateway = x.RequiredId("gateway"),
            Epoch = x.RequiredId("epoch"),
            UpTo = x.RequiredNumber("upTo", SmaContract.MaxSeq),
        };
        List<SeqRange> missing = [];
        List<RejectedEvent> rejected = [];
        InstructionBatch? instructions = null;
        XmlScope scope = x.Enter();
        while (x.NextChild(scope))
        {
            switch (x.Name)
            {
                case "missing":
                    missing.Add(new SeqRange(x.RequiredNumber("from", SmaContract.MaxSeq, 1), x.RequiredNumber("to", SmaContract.MaxSeq, 1)));
                    break;
                case "rejected":
                    ulong seq = x.RequiredNumber("seq", SmaContract.MaxSeq);
                    string code = x.RequiredId("code");
                    var line = (int)Math.Min(x.OptionalNumber("line", uint.MaxValue) ?? 0, int.MaxValue);
                    rejected.Add(new RejectedEvent(seq, code, line, x.Text(4096)));
                    break;
                case "instructions":
                    BodyReader.Once(x, instructions);
                    instructions = Instructions(x);
                    break;
            }
        }

        if (missing.Count > 32 || rejected.Count > SmaContract.MaxEvents)
            x.Fail(SmaFault.Schema, "The answer names more than 32 gaps or 256 refusals.");
        return accepted with { Missing = missing, Rejected = rejected, Instructions = instructions };
    }

    private static Hello HelloBody(XmlCursor x)
    {
        string[] items = x.List("majors", 16);
        var majors = new byte[items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            if (!byte.TryParse(items[i], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out majors[i]))
                x.Fail(SmaFault.Schema, "The attribute majors is not a list of version numbers.");
        }

        if (x.Attribute("majors") is null)
            x.Fail(SmaFault.Schema, "The attribute majors is missing.");
        return new Hello
        {
            Gateway = x.RequiredId("gateway"),
            Epoch = x.RequiredId("epoch"),
            Majors = majors,
            Software = RequiredText(x, "software", 200),
            Hardware = x.OptionalText("hardware", 200),
            Capabilities = CapabilityList(x),
            LastEvent = x.RequiredNumber("lastEvent", SmaContract.MaxSeq),
            FirstEvent = x.OptionalNumber("firstEvent", SmaContract.MaxSeq) ?? 0,
            LastInstruction = x.RequiredNumber("lastInstruction", SmaContract.MaxSeq),
            InstructionEpoch = x.OptionalId("instructionEpoch"),
            Time = x.RequiredTime("time"),
            IsClockUnset = x.OptionalToken("clock", s_clocks) == "unset",
            Config = x.OptionalId("config"),
        };
    }

    private static Welcome WelcomeBody(XmlCursor x) => new()
    {
        Gateway = x.RequiredId("gateway"),
        Epoch = x.RequiredId("epoch"),
        Major = (byte)x.RequiredNumber("major", byte.MaxValue),
        Time = x.RequiredTime("time"),
        Heartbeat = TimeSpan.FromSeconds(x.RequiredNumber("heartbeat", 604_800)),
        Hold = TimeSpan.FromSeconds(x.RequiredNumber("hold", 604_800)),
        Jitter = TimeSpan.FromSeconds(x.RequiredNumber("jitter", 604_800)),
        LastEvent = x.RequiredNumber("lastEvent", SmaContract.MaxSeq),
        LastInstruction = x.OptionalNumber("lastInstruction", SmaContract.MaxSeq) ?? 0,
        MaxEvents = (ushort)x.RequiredNumber("maxEvents", ushort.MaxValue),
        MaxBody = (uint)x.RequiredNumber("maxBody", uint.MaxValue),
        RenewBefore = x.OptionalTime("renewBefore"),
        Config = x.OptionalId("config"),
    };

    private static EnrolRequest Enrol(XmlCursor x)
    {
        string gateway = x.RequiredId("gateway");
        string? claim = x.OptionalId("claim");
        string? csr = null;
        XmlScope scope = x.Enter();
        while (x.NextChild(scope))
        {
            if (x.Name != "csr")
                continue;
            BodyReader.Once(x, csr);
            csr = x.Text(65_536);
        }

        if (csr is not { Length: > 0 })
            x.Fail(SmaFault.Schema, "The element csr is missing or empty.");
        return new EnrolRequest(gateway, claim, csr ?? "");
    }

    private static EnrolAnswer Enrolled(XmlCursor x)
    {
        string gateway = x.RequiredId("gateway");
        DateTimeOffset notAfter = x.RequiredTime("notAfter");
        string? certificate = null, authority = null;
        XmlScope scope = x.Enter();
        while (x.NextChild(scope))
        {
            if (x.Name == "certificate")
            {
                BodyReader.Once(x, certificate);
                certificate = x.Text(65_536);
            }
            else if (x.Name == "authority")
            {
                BodyReader.Once(x, authority);
                authority = x.Text(65_536);
            }
        }

        if (certificate is not { Length: > 0 } || authority is not { Length: > 0 })
            x.Fail(SmaFault.Schema, "The certificate or its authority is missing or empty.");
        return new EnrolAnswer(gateway, notAfter, certificate ?? "", authority ?? "");
    }

    private static ErrorDocument Error(XmlCursor x)
    {
        var status = (int)x.RequiredNumber("status", ushort.MaxValue);
        string code = x.RequiredId("code"), id = x.RequiredId("id");
        TimeSpan? wait = x.Token("retry") == "never" ? null : TimeSpan.FromSeconds(Math.Min(x.RequiredNumber("retry", 604_800), 604_800));
        _ = x.OptionalUrl("type", 2048);
        string? title = x.OptionalText("title", 200);
        var line = (int)Math.Min(x.OptionalNumber("line", uint.MaxValue) ?? 0, int.MaxValue);
        return new ErrorDocument(status, code, wait, id, title ?? "", x.Text(4096), line);
    }

    private static string RequiredText(XmlCursor x, string name, int limit)
    {
        string? value = x.OptionalText(name, limit);
        if (value is null)
            x.Fail(SmaFault.Schema, $"The attribute {name} is missing.");
        return value ?? "";
    }

    private static string[] CapabilityList(XmlCursor x)
    {
        string[] items = x.List("capabilities", 64);
        if (!items.All(item => SmaContract.IsId(item)))
            x.Fail(SmaFault.Schema, "The attribute capabilities is not a list of identifiers.");
        return items;
    }
}
