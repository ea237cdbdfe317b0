using MediaRelay.Signaling.Access;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>What the operator knows of a home: its gateway, what is behind it, and the last state of its partitions.</summary>
public sealed record HomeRecord
{
    /// <summary>Identifier.</summary>
    public required string Id { get; init; }

    /// <summary>The name people see.</summary>
    public required string Name { get; init; }

    /// <summary>The gateway that stands there.</summary>
    public required string Gateway { get; init; }

    /// <summary>Partitions with the time of their last report.</summary>
    public IReadOnlyList<HomePartition> Partitions { get; init; } = [];

    /// <summary>Devices behind the gateway, without their values.</summary>
    public IReadOnlyList<HomeDevice> Devices { get; init; } = [];

    /// <summary>What the home owner decided about each camera.</summary>
    public IReadOnlyDictionary<string, CameraRule> CameraRules { get; init; } = new Dictionary<string, CameraRule>();

    /// <summary>Names that the home owner gave to devices and zones; they win over the gateway's.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = new Dictionary<string, string>();

    /// <summary>Persons to call, in order.</summary>
    public IReadOnlyList<HomeContact> Contacts { get; init; } = [];

    /// <summary>Which events are told to which contacts.</summary>
    public IReadOnlyList<AlertRule> Alerts { get; init; } = [];

    /// <summary>Who has a code for the keypad; the codes themselves are known to the gateway alone, as hashes.</summary>
    public IReadOnlyList<HomeCode> Codes { get; init; } = [];

    /// <summary>The name of a device: the owner's, else the gateway's, else its ref.</summary>
    public string NameOf(HomeDevice device) => Names.GetValueOrDefault(device.Ref) ?? device.Name ?? device.Ref;

    /// <summary>The name of a zone, null when no device has it.</summary>
    public string? ZoneName(ushort? zone) => Devices.FirstOrDefault(d => d.Zone == zone && zone is not null) is { } device ? NameOf(device) : null;

    /// <summary>When operators may see a camera; indoor cameras only for alarms raised while away unless the owner said otherwise.</summary>
    public CameraRule RuleOf(string camera) => CameraRules.GetValueOrDefault(camera, CameraRule.OnAlarmWhenAway);
}

/// <summary>Last report of a partition.</summary>
public sealed record HomePartition(byte Number, string State, string Mode, DateTimeOffset At, DateTimeOffset? Until, IReadOnlyList<ushort> Bypassed, IReadOnlyList<ushort> AlarmZones);

/// <summary>A device as its gateway described it.</summary>
public sealed record HomeDevice(string Ref, string? Type, string? Name, string? Protocol, byte? Partition, ushort? Zone, bool IsLost = false);

/// <summary>A person or address to tell.</summary>
public sealed record HomeContact(string Name, string Channel, string Address, string? PassPhrase = null);

/// <summary>Which kinds of event go to which contacts.</summary>
public sealed record AlertRule(IReadOnlyList<string> Events, IReadOnlyList<string> Contacts);

/// <summary>A keypad code without the code.</summary>
public sealed record HomeCode(string Id, string Name, DateTimeOffset? From, DateTimeOffset? Until, bool IsDuress, DateTimeOffset Given);
