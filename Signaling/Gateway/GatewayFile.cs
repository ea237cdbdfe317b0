using System.Text.Json;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Alarms;

namespace MediaRelay.Gateway;

/// <summary>The gateway's one configuration file (JSON, comments allowed).</summary>
public sealed partial class GatewayFile
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNameCaseInsensitive = true, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(), new DurationConverter() },
    };

    /// <summary>The gateway's id, as registered with the operator.</summary>
    public string Gateway { get; set; } = "";

    /// <summary>Base addresses of the Event Server, e.g. https://events.example:8443; a second one is used when the first fails.</summary>
    public List<string> Servers { get; set; } = [];

    /// <summary>File with the operator's authority (PEM); only servers with its certificates are trusted.</summary>
    public string Authority { get; set; } = "ca.crt";

    /// <summary>Folder for the certificate, the queue and downloads.</summary>
    public string Folder { get; set; } = "gateway";

    /// <summary>Claim code for the first enrolment; not needed afterwards.</summary>
    public string? Claim { get; set; }

    /// <summary>File with the password, to use digest instead of a certificate.</summary>
    public string? PasswordFile { get; set; }

    /// <summary>Time zone of the home, e.g. Europe/Berlin; for schedules.</summary>
    public string TimeZone { get; set; } = "UTC";

    /// <summary>Seconds to leave the home after arming.</summary>
    public int ExitDelaySeconds { get; set; } = 45;

    /// <summary>Changes per minute that simulated devices make by themselves.</summary>
    public double SimulatedChangesPerMinute { get; set; }

    /// <summary>How media is sent: addresses, ports, marking, transcoding. The defaults fit a home.</summary>
    public MediaRelay.Media.IO.MediaOptions Media { get; set; } = new();

    /// <summary>Devices in the home. A camera has the type camera, the protocol media and its URL as address.</summary>
    public List<DeviceEntry> Devices { get; set; } = [];

    /// <summary>Alarm zones.</summary>
    public List<ZoneEntry> Zones { get; set; } = [];

    /// <summary>A documented file with every key.</summary>
    public static string Sample()
    {
        using var reader = new StreamReader(typeof(GatewayFile).Assembly.GetManifestResourceStream("gateway-sample.json")!);
        return reader.ReadToEnd();
    }

    /// <summary>Reads the file; on failure a list of sentences.</summary>
    public static GatewayFile? Read(string path, List<string> faults)
    {
        try
        {
            GatewayFile file = JsonSerializer.Deserialize<GatewayFile>(File.ReadAllBytes(path), s_json) ?? new GatewayFile();
            file.Check(faults);
            return faults.Count == 0 ? file : null;
        }
        catch (JsonException e)
        {
            faults.Add(e.Message.Contains("null values", StringComparison.Ordinal)
                ? $"{path}: {e.Path} is null. Write a value, or leave the key out."
                : $"{path} is not a gateway configuration: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add($"{path} cannot be read: {e.Message}");
        }

        return null;
    }

    /// <summary>What the runtime needs.</summary>
    public GatewayProfile Profile() => new()
    {
        Id = Gateway,
        Folder = Path.Combine(Folder, "downloads"),
        ExitDelay = TimeSpan.FromSeconds(ExitDelaySeconds),
        TimeZone = TimeZoneInfo.FindSystemTimeZoneById(TimeZone),
        Devices = [.. Devices.Select(device => new DeviceBody { Ref = device.Ref, Type = device.Type, Protocol = device.Protocol, Address = Told(device.Address), Name = device.Name, Zone = device.Zone, Properties = [.. device.Values.Select(v => new DeviceProperty(v.Key, v.Value))], Partition = Zones.FirstOrDefault(zone => zone.Number == device.Zone)?.Partition })],
        Zones = [.. Zones.Select(zone => new Zone(zone.Number, zone.Name, zone.Partition, zone.Kind, zone.Code, zone.ArmedInStay, TimeSpan.FromSeconds(zone.EntryDelaySeconds)))],
    };

    /// <summary>Whether cameras stay connected, so that look-ins start at once and clips start before they are asked for.</summary>
    public bool KeepCamerasReady { get; set; } = true;

    /// <summary>The cameras among the devices, by their refs.</summary>
    public IReadOnlyDictionary<string, Cameras.CameraEntry> CameraEntries() =>
        Devices.Where(device => device is { Type: "camera", Address: not null }).ToDictionary(device => device.Ref, device => new Cameras.CameraEntry(device.Address!, TalkBack(device.TalkBack)));

    /// <summary>The address as others are told it: without user and password, and without a query, where cameras have them too.</summary>
    private static string? Told(string? address)
    {
        int from = address?.IndexOf("://", StringComparison.Ordinal) ?? -1;
        if (from < 0)
            return address;
        from += 3;
        string told = address!.Split('?', '#')[0];
        int end = told.IndexOf('/', from);
        int at = told.LastIndexOf('@', (end < 0 ? told.Length : end) - 1);
        return at < from ? told : told[..from] + told[(at + 1)..];
    }

    private static MediaRelay.Media.IO.Cameras.ITalkBack? TalkBack(string? text) => text switch
    {
        null or "" => null,
        _ when text.StartsWith("command:", StringComparison.Ordinal) && text["command:".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var program, .. var arguments] =>
            new MediaRelay.Media.IO.Audio.LoudspeakerTalkBack(program, arguments),
        _ => new MediaRelay.Media.IO.Audio.WaveFileTalkBack(text.StartsWith("file:", StringComparison.Ordinal) ? text["file:".Length..] : text),
    };

    /// <summary>A device of the file.</summary>
    public sealed class DeviceEntry
    {
        /// <summary>Identifier within the home.</summary>
        public string Ref { get; set; } = "";

        /// <summary>contact, motion, smoke, light, lock, thermometer, camera ...</summary>
        public string? Type { get; set; }

        /// <summary>Adaptor that speaks to it.</summary>
        public string Protocol { get; set; } = "simulated";

        /// <summary>Its address in the adaptor's terms.</summary>
        public string? Address { get; set; }

        /// <summary>The name people see.</summary>
        public string? Name { get; set; }

        /// <summary>Cameras: where the viewer's voice goes when the camera has no loudspeaker of its own: file:PATH.wav or command:PROGRAM ARGUMENTS.</summary>
        public string? TalkBack { get; set; }

        /// <summary>Its alarm zone.</summary>
        public ushort? Zone { get; set; }

        /// <summary>Values that a simulated device reports at the start, e.g. contact: closed.</summary>
        public Dictionary<string, string> Values { get; set; } = [];
    }

    /// <summary>An alarm zone of the file.</summary>
    public sealed class ZoneEntry
    {
        /// <summary>Number, 1-999.</summary>
        public ushort Number { get; set; }

        /// <summary>The name people see.</summary>
        public string Name { get; set; } = "";

        /// <summary>Its partition.</summary>
        public byte Partition { get; set; } = 1;

        /// <summary>Instant, Delayed or TwentyFourHour.</summary>
        public ZoneKind Kind { get; set; }

        /// <summary>Contact ID code of its alarm.</summary>
        public string Code { get; set; } = "130";

        /// <summary>False when it is not watched in stay mode.</summary>
        public bool ArmedInStay { get; set; } = true;

        /// <summary>Seconds to disarm after it opened.</summary>
        public int EntryDelaySeconds { get; set; } = 30;
    }
}
