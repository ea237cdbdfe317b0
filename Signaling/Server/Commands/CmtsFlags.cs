using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Hosting;

namespace MediaRelay.Server.Commands;

/// <summary>Flags of <c>mediarelay cmts</c>. A file holds the same names as JSON members, text or lists of text; flags win over it.</summary>
internal static class CmtsFlags
{
    private const string Kinds = "ugs, ugs-ad, rtps, nrtps, be or down";

    public static Option<FileInfo?> File { get; } = new("--file") { Description = "JSON file whose members are named like these flags; flags win.", HelpName = "file" };

    public static Option<string> Metrics { get; } = new("--metrics")
    {
        Description = "Management address: /healthz, /metrics and the live page /admin/cmts.", HelpName = "ip:port", DefaultValueFactory = _ => "127.0.0.1:9466",
    };

    public static IReadOnlyList<Option<string[]>> All { get; } =
    [
        Flag("--listen", "ip:port", "Where policy servers connect; 127.0.0.1:3918 when not given."),
        Flag("--allow", "range", "Addresses that may connect; loopback when not given. May be repeated."),
        Flag("--modems", "range", "Every address in the range is a cable modem; 10.1.0.0/16 when not given. May be repeated."),
        Flag("--cpe", "range=modem", "Addresses of homes behind a modem, e.g. 192.0.2.0/24=10.1.0.7. May be repeated."),
        Flag("--docsis10", "range", "Modems that only know DOCSIS 1.0 (error 20). May be repeated."),
        Flag("--capacity-up", "rate", "Upstream capacity for reservations, e.g. 100M."),
        Flag("--capacity-down", "rate", "Downstream capacity for reservations, e.g. 1G."),
        Flag("--service-class", "name:kind:k=v,...", $"A named service class; kind is {Kinds}. Keys: grant, interval, jitter, policy, msr, mrr, burst, priority, latency, poll. May be repeated."),
        Flag("--sids-per-modem", "number", "Upstream service flows of one modem (error 21); 16 when not given."),
        Flag("--sids", "number", "Upstream service flows of the CMTS (error 22)."),
        Flag("--dsa-delay", "duration", "Time of one exchange with a modem, e.g. 5ms; none when not given."),
        Flag("--dsa-loss", "share", "Share of exchanges that modems leave unanswered, 0 to 1."),
        Flag("--dsa-reject", "share", "Share of exchanges that modems reject, 0 to 1."),
        Flag("--time-scale", "factor", "Shortens T1 to T4 by this factor, for tests; 1 when not given."),
        Flag("--enforce-limits", "factor", "Ends gates beyond this multiple of their volume or time limit; never when not given."),
        Flag("--traffic", "share", "Traffic on every committed gate as a share of its rate; none when not given."),
        Flag("--name", "text", "PEPID that the CMTS gives itself."),
        Flag("--psid", "number", "Policy servers that may configure (error 23); any when not given. May be repeated."),
    ];

    private static Option<string[]> Flag(string name, string value, string description) => new(name) { Description = description, HelpName = value };

    /// <summary>Everything that was said, from file and flags, or faults as sentences.</summary>
    public static (CmtsSettings Settings, IPEndPoint Listen, IReadOnlyList<SubscriberPrefix> Allowed, double Traffic, List<ConfigurationFault> Faults) Read(ParseResult parse)
    {
        var faults = new List<ConfigurationFault>();
        Dictionary<string, string[]> said = parse.GetValue(File) is { } file ? ReadFile(file, faults) : [];
        foreach (Option<string[]> flag in All)
        {
            if (parse.GetValue(flag) is { Length: > 0 } values) said[flag.Name[2..]] = values;
        }
        var reader = new Reader(said, faults);
        SubscriberPrefix[] modems = reader.Ranges("modems", "10.1.0.0/16");
        var settings = new CmtsSettings
        {
            Modems = modems,
            Cpes = reader.Cpes(),
            Docsis10Modems = reader.Ranges("docsis10"),
            CapacityUp = reader.Rate("capacity-up", 100e6),
            CapacityDown = reader.Rate("capacity-down", 1e9),
            ServiceClasses = reader.ServiceClasses(),
            SidsPerModem = (int)reader.Number("sids-per-modem", 16, 1, 65535),
            SidsPerCmts = (int)reader.Number("sids", 1_000_000, 1, int.MaxValue),
            DsxDelay = reader.Duration("dsa-delay"),
            DsxLoss = reader.Number("dsa-loss", 0, 0, 1),
            DsxRejects = reader.Number("dsa-reject", 0, 0, 1),
            TimeScale = reader.Number("time-scale", 1, 0.001, 100_000),
            EnforcedLimitFactor = reader.Number("enforce-limits", 0, 0, 1000),
            AllowedPsids = [.. reader.Many("psid").Select(p => uint.TryParse(p, out uint id) ? new Psid(id) : reader.Fault<Psid>("psid", p, "a number"))],
            Cops = new CopsSettings(reader.Text("name", "cmts")),
        };
        string listen = reader.Text("listen", "127.0.0.1:3918");
        if (!Endpoints.TryParse(listen, out IPEndPoint address)) reader.Fault<int>("listen", listen, "an address and port such as 127.0.0.1:3918");
        return (settings, address, reader.Ranges("allow", "127.0.0.0/8", "::1"), reader.Number("traffic", 0, 0, 1), faults);
    }

    private static Dictionary<string, string[]> ReadFile(FileInfo file, List<ConfigurationFault> faults)
    {
        var said = new Dictionary<string, string[]>(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(System.IO.File.ReadAllBytes(file.FullName), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            foreach (JsonProperty member in document.RootElement.EnumerateObject())
            {
                if (All.All(f => f.Name != "--" + member.Name)) faults.Add(new($"{file.Name}:{member.Name}", $"{file.Name} has \"{member.Name}\", which is no flag of this command. See mediarelay cmts --help."));
                said[member.Name] = member.Value.ValueKind == JsonValueKind.Array ? [.. member.Value.EnumerateArray().Select(v => v.ToString())] : [member.Value.ToString()];
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            faults.Add(new("--file", $"{file.FullName} cannot be read: {fault.Message.TrimEnd('.')}."));
        }
        return said;
    }

    private sealed class Reader(Dictionary<string, string[]> said, List<ConfigurationFault> faults)
    {
        public string[] Many(string name) => said.TryGetValue(name, out string[]? values) ? values : [];

        public string Text(string name, string otherwise) => Many(name) is [.., var last] ? last : otherwise;

        public T Fault<T>(string name, string value, string wanted)
        {
            faults.Add(new($"--{name}", $"--{name} is \"{value}\"; wanted is {wanted}."));
            return default!;
        }

        public SubscriberPrefix[] Ranges(string name, params string[] otherwise) =>
            [.. (Many(name) is { Length: > 0 } given ? given : otherwise).Select(t => SubscriberPrefix.TryParse(t, out SubscriberPrefix p) ? p : Fault<SubscriberPrefix>(name, t, "a range of addresses such as 10.1.0.0/16"))];

        public double Rate(string name, double otherwise)
        {
            if (Many(name) is not [.., var text]) return otherwise;
            return BitRateConverter.TryParse(text, out double rate) ? rate : Fault<double>(name, text, "a rate such as 100M");
        }

        public double Number(string name, double otherwise, double least, double most)
        {
            if (Many(name) is not [.., var text]) return otherwise;
            bool isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value);
            return isNumber && value >= least && value <= most ? value : Fault<double>(name, text, string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));
        }

        public TimeSpan Duration(string name)
        {
            if (Many(name) is not [.., var text]) return TimeSpan.Zero;
            return OptionValue.TryParseDuration(text, out TimeSpan value, out string allowed) ? value : Fault<TimeSpan>(name, text, allowed);
        }

        public (SubscriberPrefix, SubscriberId)[] Cpes() => [.. Many("cpe").Select(text =>
        {
            string[] parts = text.Split('=');
            bool isSound = parts.Length == 2 & SubscriberPrefix.TryParse(parts[0], out SubscriberPrefix range) & SubscriberId.TryParse(parts[^1], out SubscriberId modem);
            return isSound ? (range, modem) : Fault<(SubscriberPrefix, SubscriberId)>("cpe", text, "range=modem such as 192.0.2.0/24=10.1.0.7");
        })];

        public ServiceClass[] ServiceClasses() => [.. Many("service-class").Select(text =>
            ServiceClassText.TryParse(text, out ServiceClass? found) ? found : Fault<ServiceClass>("service-class", text, "name:kind:key=value,... such as G711:ugs:grant=232,interval=20000,jitter=800"))];
    }
}
