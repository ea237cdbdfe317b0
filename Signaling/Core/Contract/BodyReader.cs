using System.Buffers;
using System.Globalization;

namespace MediaRelay.Signaling.Contract;

/// <summary>Reads the body elements that events and instructions share; faults go to the cursor.</summary>
internal static class BodyReader
{
    private static readonly SearchValues<char> s_lowerHex = SearchValues.Create("0123456789abcdef");
    private static readonly string[] s_filters = ["all", "partition", "type"];
    private static readonly string[] s_modes = ["away", "stay", "night", "off"];
    private static readonly string[] s_directives = ["filter", "trigger", "schedule"];
    private static readonly string[] s_comparisons = ["eq", "ne", "lt", "le", "gt", "ge", "any"];
    private static readonly string[] s_priorities = ["alarm", "trouble", "status", "bulk"];
    private static readonly string[] s_outcomes = ["done", "failed", "expired", "refused"];
    private static readonly string[] s_days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// <summary>Reads the children of a message; an element that this version does not know is passed over.</summary>
    public static void Read(XmlCursor x, out DeviceBody? device, out MessageBody? body)
    {
        device = null;
        body = null;
        XmlScope scope = x.Enter();
        while (x.NextChild(scope))
        {
            MessageBody? next = null;
            switch (x.Name)
            {
                case "device":
                    if (device is not null)
                        x.Fail(SmaFault.Schema, "A message has more than one device.");
                    device = Device(x);
                    continue;
                case "query": next = Query(x); break;
                case "snapshot": next = Snapshot(x); break;
                case "directive": next = Directive(x); break;
                case "partition": next = Partition(x); break;
                case "media": next = Media(x); break;
                case "clip": next = Clip(x); break;
                case "provisioning": next = Provisioning(x); break;
                case "content": next = Content(x); break;
                case "look-in": next = new LookInBody(x.RequiredId("session"), x.OptionalText("actor", 200), x.OptionalText("purpose", 200), Ids(x, "cameras")); break;
                case "result": next = new ResultBody(Required(x, "outcome", s_outcomes), x.OptionalId("code"), x.Text(4096)); break;
                case "text": next = new TextBody(x.Text(65_536)); break;
                default: continue;
            }

            if (body is not null)
                x.Fail(SmaFault.Schema, "A message has more than one body.");
            body = next;
        }
    }

    private static DeviceBody Device(XmlCursor x)
    {
        var device = new DeviceBody
        {
            Ref = x.RequiredId("ref"),
            Type = x.OptionalId("type"),
            Protocol = x.OptionalId("protocol"),
            Address = x.OptionalText("address", 200),
            Name = x.OptionalText("name", 200),
            Partition = (byte?)x.OptionalNumber("partition", byte.MaxValue),
            Zone = (ushort?)x.OptionalNumber("zone", ushort.MaxValue),
            IfAt = x.OptionalTime("if-at"),
        };
        List<DeviceProperty>? properties = null;
        XmlScope scope = x.Enter();
        while (x.NextChild(scope))
        {
            if (x.Name != "property")
                continue;
            properties ??= new List<DeviceProperty>(2);
            if (properties.Count == SmaContract.MaxProperties)
                x.Fail(SmaFault.Schema, "A device has more than 64 properties.");
            string name = x.RequiredId("name");
            DateTimeOffset? at = x.OptionalTime("at");
            properties.Add(new DeviceProperty(name, x.Text(4096), at));
        }

        return properties is null ? device : device with { Properties = properties };
    }

    private static HomeQuery Query(XmlCursor x) =>
        new(Required(x, "filter", s_filters), (byte?)x.OptionalNumber("partition", byte.MaxValue), x.OptionalId("type"), Ids(x, "fields"));

    private static HomeSnapshot Snapshot(XmlCursor x)
    {
        var part = (ushort)x.RequiredNumber("part", ushort.MaxValue);
        var of = (ushort)x.RequiredNumber("of", ushort.MaxValue);
        var devices = new List<DeviceBody>();
        XmlScope scope = x.Enter();
        while (x.NextChild(scope))
        {
            if (x.Name != "device")
                continue;
            if (devices.Count == 128)
                x.Fail(SmaFault.Schema, "A snapshot part has more than 128 devices.");
            devices.Add(Device(x));
        }

        return new HomeSnapshot(part, of, devices);
    }

    private static DirectiveBody Directive(XmlCursor x)
    {
        var directive = new DirectiveBody
        {
            Id = x.RequiredId("id"),
            Version = (uint)x.RequiredNumber("version", uint.MaxValue),
            Type = x.OptionalToken("type", s_directives),
            Enabled = x.OptionalBoolean("enabled") ?? true,
            State = x.OptionalId("state"),
            Hash = Sha256(x, "hash"),
            At = ClockTime(x, "at"),
            Days = Days(x),
            MinInterval = Seconds(x, "min-interval"),
            MinChange = Decimal(x, "min-change"),
        };
        List<DirectiveCondition> when = [], conditions = [];
        List<DirectiveAction> actions = [];
        XmlScope scope = x.Enter();
        while (x.NextChild(scope))
        {
            switch (x.Name)
            {
                case "when": when.Add(Condition(x)); break;
                case "if": conditions.Add(Condition(x)); break;
                case "do": actions.Add(Action(x)); break;
            }

            if (when.Count > 16 || conditions.Count > 16 || actions.Count > 16)
                x.Fail(SmaFault.Schema, "A directive has more than 16 conditions or actions of one sort.");
        }

        return directive with { When = when, If = conditions, Do = actions };
    }

    private static DirectiveCondition Condition(XmlCursor x) => new()
    {
        Device = x.OptionalId("device"),
        Property = x.OptionalId("property"),
        Op = x.OptionalToken("op", s_comparisons) ?? "eq",
        Value = x.OptionalText("value", 4096),
        Partition = (byte?)x.OptionalNumber("partition", byte.MaxValue),
        Mode = x.OptionalId("mode"),
        From = ClockTime(x, "from"),
        To = ClockTime(x, "to"),
    };

    private static DirectiveAction Action(XmlCursor x) => new()
    {
        Kind = x.RequiredId("kind"),
        Device = x.OptionalId("device"),
        Property = x.OptionalId("property"),
        Value = x.OptionalText("value", 4096),
        Partition = (byte?)x.OptionalNumber("partition", byte.MaxValue),
        Mode = x.OptionalId("mode"),
        Event = x.OptionalId("event"),
        Priority = x.OptionalToken("priority", s_priorities),
        Delay = Seconds(x, "delay") ?? TimeSpan.Zero,
    };

    private static PartitionBody Partition(XmlCursor x)
    {
        string[] items = x.List("bypass", 256);
        var zones = new ushort[items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            if (!ushort.TryParse(items[i], NumberStyles.None, CultureInfo.InvariantCulture, out zones[i]))
                x.Fail(SmaFault.Schema, "The attribute bypass is not a list of zone numbers.");
        }

        return new PartitionBody
        {
            Id = (byte)x.RequiredNumber("id", byte.MaxValue),
            Mode = x.OptionalToken("mode", s_modes),
            State = x.OptionalId("state"),
            User = x.OptionalText("user", 4096),
            Text = x.OptionalText("text", 4096),
            CodeHash = Sha256(x, "code-hash"),
            EntryDelay = Seconds(x, "entry-delay"),
            ExitDelay = Seconds(x, "exit-delay"),
            Bypass = zones,
        };
    }

    private static MediaBody Media(XmlCursor x)
    {
        var media = new MediaBody
        {
            Session = x.RequiredId("session"),
            Camera = x.OptionalId("camera"),
            TimeToLive = Seconds(x, "ttl"),
            State = x.OptionalId("state"),
            Reason = x.OptionalId("reason"),
            Detail = x.OptionalText("detail", 4096),
            Path = x.OptionalText("path", 4096),
        };
        List<MediaCandidate>? candidates = null;
        List<MediaRelayAddress>? relays = null;
        string? sdp = null;
        bool? end = null;
        XmlScope scope = x.Enter();
        while (x.NextChild(scope))
        {
            switch (x.Name)
            {
                case "sdp":
                    Once(x, sdp);
                    sdp = x.Text(65_536);
                    break;
                case "candidate":
                    string? mid = x.OptionalId("mid");
                    var line = (byte?)x.OptionalNumber("line", byte.MaxValue);
                    (candidates ??= []).Add(new MediaCandidate(x.Text(4096), mid, line));
                    break;
                case "ice":
                    Once(x, end);
                    end = x.OptionalBoolean("end");
                    if (end is null)
                        x.Fail(SmaFault.Schema, "The attribute end is missing.");
                    break;
                case "relay":
                    (relays ??= []).Add(new MediaRelayAddress(Required(x.OptionalUrl("url", 2048), x, "url"), x.OptionalText("username", 4096), x.OptionalText("credential", 4096)));
                    break;
            }

            if (candidates?.Count > 40 || relays?.Count > 8)
                x.Fail(SmaFault.Schema, "A media body has too many candidates or relays.");
        }

        return media with { Sdp = sdp, EndOfCandidates = end, Candidates = candidates ?? media.Candidates, Relays = relays ?? media.Relays };
    }

    private static ClipBody Clip(XmlCursor x) => new()
    {
        Id = x.RequiredId("id"),
        Camera = x.OptionalId("camera"),
        From = x.OptionalTime("from"),
        To = x.OptionalTime("to"),
        Url = x.OptionalUrl("url", 2048),
        Type = x.OptionalText("type", 200),
        Size = x.OptionalNumber("size", SmaContract.MaxSeq),
        Sha256 = Sha256(x, "sha256"),
    };

    private static ProvisioningBody Provisioning(XmlCursor x) => new()
    {
        Version = x.OptionalId("version"),
        Url = x.OptionalUrl("url", 2048),
        Sha256 = Sha256(x, "sha256"),
        From = x.OptionalTime("from"),
        To = x.OptionalTime("to"),
        State = x.OptionalId("state"),
        Step = x.OptionalId("step"),
        Detail = x.OptionalText("detail", 4096),
    };

    private static ContentBody Content(XmlCursor x)
    {
        var content = new ContentBody
        {
            Id = x.RequiredId("id"),
            TimeToLive = Seconds(x, "ttl"),
            Importance = x.OptionalId("importance"),
            Answer = x.OptionalId("answer"),
        };
        string? title = null, text = null;
        XmlScope scope = x.Enter();
        while (x.NextChild(scope))
        {
            if (x.Name == "title")
            {
                Once(x, title);
                title = x.Text(200);
            }
            else if (x.Name == "text")
            {
                Once(x, text);
                text = x.Text(4096);
            }
        }

        return content with { Title = title, Text = text };
    }

    /// <summary>The current element must be the first of its name.</summary>
    internal static void Once(XmlCursor x, object? before)
    {
        if (before is not null)
            x.Fail(SmaFault.Schema, $"There is more than one element {x.Name}.");
    }

    private static string Required(XmlCursor x, string name, ReadOnlySpan<string> allowed) => Required(x.OptionalToken(name, allowed), x, name);

    private static string Required(string? value, XmlCursor x, string name)
    {
        if (value is null)
            x.Fail(SmaFault.Schema, $"The attribute {name} is missing.");
        return value ?? "";
    }

    private static TimeSpan? Seconds(XmlCursor x, string name) =>
        x.OptionalNumber(name, 604_800) is { } seconds ? TimeSpan.FromSeconds(Math.Min(seconds, 604_800)) : null;

    private static string? Sha256(XmlCursor x, string name)
    {
        string? value = x.Token(name);
        if (value is not null && (value.Length != 64 || value.AsSpan().ContainsAnyExcept(s_lowerHex)))
            x.Fail(SmaFault.Schema, $"The attribute {name} is not a SHA-256 in lower-case hexadecimal.");
        return value;
    }

    private static TimeOnly? ClockTime(XmlCursor x, string name)
    {
        string? value = x.Token(name);
        if (value is null)
            return null;
        if (!TimeOnly.TryParseExact(value, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly time))
            x.Fail(SmaFault.Schema, $"The attribute {name} is not a time of day such as 22:30.");
        return time;
    }

    private static decimal? Decimal(XmlCursor x, string name)
    {
        string? value = x.Attribute(name);
        if (value is null)
            return null;
        if (!decimal.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out decimal number))
            x.Fail(SmaFault.Schema, $"The attribute {name} is not a decimal number.");
        return number;
    }

    private static string[] Ids(XmlCursor x, string name)
    {
        string[] items = x.List(name, 64);
        foreach (string item in items)
        {
            if (!SmaContract.IsId(item))
                x.Fail(SmaFault.Schema, $"The attribute {name} is not a list of identifiers.");
        }

        return items;
    }

    private static string[] Days(XmlCursor x)
    {
        string[] items = x.List("days", 7);
        foreach (string item in items)
        {
            if (!s_days.Contains(item))
                x.Fail(SmaFault.Schema, "The attribute days is not a list of mon tue wed thu fri sat sun.");
        }

        return items;
    }
}
