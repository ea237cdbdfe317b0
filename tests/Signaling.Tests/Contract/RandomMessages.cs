using System.Text;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Tests.Contract;

/// <summary>Documents of every sort and body, made by our writer from the whole range of values that the contract has. The same seed makes the same documents.</summary>
internal sealed class RandomMessages(int seed)
{
    private const string IdCharacters = "ABCXYZabcxyz0189._-";
    private static readonly string[] s_pieces = ["a", "Z", "0", " ", "<", ">", "&", "\"", "'", "\t", "\n", "\r", "\u00e4", "\u20ac", "\U0001F600", "]]>", "--"];
    private static readonly DateTimeOffset s_first = new(1900, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan s_span = new DateTimeOffset(2199, 12, 31, 23, 59, 59, TimeSpan.Zero) - s_first;

    private readonly Random _random = new(seed);

    public static IReadOnlyList<string> Sorts { get; } =
    [
        "device", "query", "snapshot", "directive", "partition", "media", "clip", "provisioning", "content", "look-in", "result", "text", "nothing",
        "accepted", "hello", "welcome", "enrol", "enrolled", "error",
    ];

    /// <summary>A document of the sort; a body stands in events or in instructions.</summary>
    public byte[] Document(string sort)
    {
        var x = new XmlOutput();
        switch (sort)
        {
            case "accepted": SmaWriter.WriteAccepted(x, Accepted()); break;
            case "hello": SmaWriter.WriteHello(x, Hello()); break;
            case "welcome": SmaWriter.WriteWelcome(x, Welcome()); break;
            case "enrol": SmaWriter.WriteEnrol(x, new EnrolRequest(Id(), Maybe(Id), "c" + Text(2000))); break;
            case "enrolled": SmaWriter.WriteEnrolled(x, new EnrolAnswer(Id(), Time(), "c" + Text(2000), "a" + Text(2000))); break;
            case "error": SmaWriter.WriteError(x, new ErrorDocument(_random.Next(65_536), Id(), MaybeValue(Seconds), Id(), Text(200), Text(4096), _random.Next(3) * 17)); break;
            case var body when _random.Next(2) == 0: SmaWriter.WriteEvents(x, Id(), Id(), [.. Many(1, 3, () => Event(body))]); break;
            default: SmaWriter.WriteInstructions(x, new InstructionBatch(Id(), Id(), [.. Many(1, 3, () => Instruction(sort))])); break;
        }

        return x.Written.ToArray();
    }

    public SmaEvent Event(string body) => new()
    {
        Id = Id(), Seq = Seq(), Time = Time(), Kind = Id(), Cause = Maybe(Id), Priority = (EventPriority)_random.Next(4), Code = Maybe(Id), Partition = MaybeValue(Octet), Zone = MaybeValue(Word),
        IsClockUnset = _random.Next(2) == 0, Monotonic = MaybeValue(() => TimeSpan.FromMilliseconds(_random.NextInt64(1L << 46))), Device = body == "device" || _random.Next(3) == 0 ? Device() : null, Body = Body(body),
    };

    public Instruction Instruction(string body) => new()
    {
        Id = Id(), Seq = Seq(), Time = Time(), Expires = Time(), Kind = Id(), Cause = Maybe(Id), Device = body == "device" || _random.Next(3) == 0 ? Device() : null, Body = Body(body),
    };

    private MessageBody? Body(string body) => body switch
    {
        "query" => new HomeQuery(One("all", "partition", "type"), MaybeValue(Octet), Maybe(Id), [.. Many(0, 64, Id)]),
        "snapshot" => new HomeSnapshot(Word(), Word(), [.. Many(0, 8, Device)]),
        "directive" => new DirectiveBody
        {
            Id = Id(), Version = (uint)_random.NextInt64(1L << 32), Type = Maybe(() => One("filter", "trigger", "schedule")), Enabled = _random.Next(2) == 0, State = Maybe(Id), Hash = Maybe(Sha256),
            At = MaybeValue(Clock), Days = [.. Many(0, 7, () => One("mon", "tue", "wed", "thu", "fri", "sat", "sun"))], MinInterval = MaybeValue(Seconds), MinChange = MaybeValue(Change),
            When = [.. Many(0, 16, Condition)], If = [.. Many(0, 16, Condition)], Do = [.. Many(0, 16, Action)],
        },
        "partition" => new PartitionBody
        {
            Id = Octet(), Mode = Maybe(() => One("away", "stay", "night", "off")), State = Maybe(Id), User = MaybeText(4096), Text = MaybeText(4096), CodeHash = Maybe(Sha256),
            EntryDelay = MaybeValue(Seconds), ExitDelay = MaybeValue(Seconds), Bypass = [.. Many(0, 256, Word)],
        },
        "media" => new MediaBody
        {
            Session = Id(), Camera = Maybe(Id), TimeToLive = MaybeValue(Seconds), State = Maybe(Id), Reason = Maybe(Id), Detail = MaybeText(4096), Path = MaybeText(4096), Sdp = MaybeText(65_536),
            EndOfCandidates = MaybeValue(() => _random.Next(2) == 0), Candidates = [.. Many(0, 40, () => new MediaCandidate(Text(200), Maybe(Id), MaybeValue(Octet)))],
            Relays = [.. Many(0, 8, () => new MediaRelayAddress(Url(), MaybeText(4096), MaybeText(4096)))],
        },
        "clip" => new ClipBody { Id = Id(), Camera = Maybe(Id), From = MaybeValue(Time), To = MaybeValue(Time), Url = Maybe(Url), Type = MaybeText(200), Size = MaybeValue(Seq), Sha256 = Maybe(Sha256) },
        "provisioning" => new ProvisioningBody
        {
            Version = Maybe(Id), Url = Maybe(Url), Sha256 = Maybe(Sha256), From = MaybeValue(Time), To = MaybeValue(Time), State = Maybe(Id), Step = Maybe(Id), Detail = MaybeText(4096),
        },
        "content" => new ContentBody { Id = Id(), TimeToLive = MaybeValue(Seconds), Importance = Maybe(Id), Answer = Maybe(Id), Title = MaybeText(200), Text = MaybeText(4096) },
        "look-in" => new LookInBody(Id(), MaybeText(200), MaybeText(200), [.. Many(0, 64, Id)]),
        "result" => new ResultBody(One("done", "failed", "expired", "refused"), Maybe(Id), Text(4096)),
        "text" => new TextBody(Text(65_536)),
        _ => null,
    };

    private DeviceBody Device() => new()
    {
        Ref = Id(), Type = Maybe(Id), Protocol = Maybe(Id), Address = MaybeText(200), Name = MaybeText(200), Partition = MaybeValue(Octet), Zone = MaybeValue(Word), IfAt = MaybeValue(Time),
        Properties = [.. Many(0, 64, () => new DeviceProperty(Id(), Text(20), MaybeValue(Time)))],
    };

    private DirectiveCondition Condition() => new()
    {
        Device = Maybe(Id), Property = Maybe(Id), Op = One("eq", "ne", "lt", "le", "gt", "ge", "any"), Value = MaybeText(50), Partition = MaybeValue(Octet), Mode = Maybe(Id), From = MaybeValue(Clock), To = MaybeValue(Clock),
    };

    private DirectiveAction Action() => new()
    {
        Kind = Id(), Device = Maybe(Id), Property = Maybe(Id), Value = MaybeText(50), Partition = MaybeValue(Octet), Mode = Maybe(Id), Event = Maybe(Id),
        Priority = Maybe(() => One("alarm", "trouble", "status", "bulk")), Delay = Seconds(),
    };

    private EventsAccepted Accepted() => new()
    {
        Gateway = Id(), Epoch = Id(), UpTo = Seq(), Missing = [.. Many(0, 32, () => new SeqRange(Seq(), Seq()))], Rejected = [.. Many(0, 20, () => new RejectedEvent(Seq(), Id(), _random.Next(3), Text(200)))],
        Instructions = _random.Next(2) == 0 ? null : new InstructionBatch(Id(), Id(), [Instruction("text")]),
    };

    private Hello Hello() => new()
    {
        Gateway = Id(), Epoch = Id(), Majors = [.. Many(0, 16, Octet)], Software = Text(200), Hardware = MaybeText(200), Capabilities = [.. Many(0, 64, Id)], LastEvent = Seq(), FirstEvent = Seq(),
        LastInstruction = Seq(), InstructionEpoch = Maybe(Id), Time = Time(), IsClockUnset = _random.Next(2) == 0, Config = Maybe(Id),
    };

    private Welcome Welcome() => new()
    {
        Gateway = Id(), Epoch = Id(), Major = Octet(), Time = Time(), Heartbeat = Seconds(), Hold = Seconds(), Jitter = Seconds(), LastEvent = Seq(), LastInstruction = Seq(), MaxEvents = Word(),
        MaxBody = (uint)_random.NextInt64(1L << 32), RenewBefore = MaybeValue(Time), Config = Maybe(Id),
    };

    private string Id() => string.Concat(Enumerable.Range(0, _random.Next(8) == 0 ? 64 : _random.Next(1, 12)).Select(_ => IdCharacters[_random.Next(IdCharacters.Length)]));

    private ulong Seq() => _random.Next(6) == 0 ? SmaContract.MaxSeq : (ulong)_random.NextInt64(1, 1 << 20);

    private byte Octet() => (byte)_random.Next(256);

    private ushort Word() => (ushort)_random.Next(65_536);

    private TimeSpan Seconds() => TimeSpan.FromSeconds(_random.Next(5) == 0 ? 604_800 : _random.Next(0, 604_800));

    private TimeOnly Clock() => new(_random.Next(24), _random.Next(60));

    private decimal Change() => new(_random.Next(), _random.Next(), _random.Next(2) == 0 ? 0 : _random.Next(), _random.Next(2) == 0, (byte)_random.Next(29));

    private DateTimeOffset Time() => SmaTime.Truncate(s_first + (s_span * _random.NextDouble()));

    private string Sha256() => string.Concat(Enumerable.Range(0, 64).Select(_ => "0123456789abcdef"[_random.Next(16)]));

    private string Url() => _random.Next(8) == 0 ? "https://x.example/" + new string('a', 2048 - 18) : $"turns:relay-{_random.Next(100)}.example:5349?transport=tcp";

    private string Text(int limit)
    {
        int length = _random.Next(10) == 0 ? limit : _random.Next(Math.Min(limit, 30));
        var text = new StringBuilder();
        while (text.Length < length)
            text.Append(s_pieces[_random.Next(s_pieces.Length)]);
        if (text.Length > length)
            text.Length = char.IsHighSurrogate(text[length - 1]) ? length - 1 : length;
        return text.ToString();
    }

    private string? MaybeText(int limit) => Maybe(() => Text(limit));

    private T? Maybe<T>(Func<T> make)
        where T : class => _random.Next(2) == 0 ? null : make();

    private T? MaybeValue<T>(Func<T> make)
        where T : struct => _random.Next(2) == 0 ? null : make();

    private List<T> Many<T>(int least, int most, Func<T> make)
    {
        int count = _random.Next(12) == 0 ? most : _random.Next(least, Math.Min(most, least + 3) + 1);
        return [.. Enumerable.Range(0, count).Select(_ => make())];
    }

    private string One(params string[] values) => values[_random.Next(values.Length)];
}
