using System.Globalization;
using MediaRelay.Signaling.Alarms;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>What pages show of a home, put together from its record, the last values and the journal.</summary>
internal sealed class HomeViews(GatewayLinks links, IStorage storage, LookInLog lookIns, SilentAlarms silent)
{
    /// <summary>Properties that describe a zone and are shown with it, not as values of its device.</summary>
    private static readonly HashSet<string> s_ofZone = ["zone-kind", "zone-code", "armed-in-stay", "entry-delay", "bypass"];

    public object Home(HomeRecord home)
    {
        ILookup<string, PropertyValue> values = storage.Properties.Read(home.Gateway).ToLookup(v => v.Device);
        GatewayRecord? gateway = storage.Gateways.Find(home.Gateway);
        return new
        {
            id = home.Id,
            name = home.Name,
            gateway = new
            {
                id = home.Gateway, state = links.Presence(home.Gateway), lastHeard = links.LastHeard(home.Gateway) ?? gateway?.LastSeen, software = gateway?.Software,
                address = links.Address(home.Gateway)?.ToString(),
            },
            partitions = home.Partitions,
            zones = home.Devices.Where(d => d.Zone is not null).OrderBy(d => d.Zone).Select(d => Zone(home, d, values[d.Ref])),
            devices = home.Devices.Where(d => d.Type != "camera").OrderBy(home.NameOf).Select(d => new
            {
                @ref = d.Ref, type = d.Type, name = home.NameOf(d), protocol = d.Protocol, lost = d.IsLost, zone = d.Zone,
                properties = values[d.Ref].Where(v => !s_ofZone.Contains(v.Name)).Select(v => new { name = v.Name, value = v.Value, at = v.At }),
            }),
            cameras = home.Devices.Where(d => d.Type == "camera").OrderBy(home.NameOf).Select(d => new
            {
                id = d.Ref, name = home.NameOf(d), rule = home.RuleOf(d.Ref), lost = d.IsLost,
                talk = values[d.Ref].FirstOrDefault(v => v.Name == "talk")?.Value == "true",
                stillUrl = $"/api/homes/{home.Id}/cameras/{Uri.EscapeDataString(d.Ref)}/still",
                properties = values[d.Ref].Select(v => new { name = v.Name, value = v.Value, at = v.At }),
            }),
            privacy = new { activeLookIns = Shown(lookIns.Active(home.Id)) },
        };
    }

    /// <summary>What operators need to know of a home while they work its alarm: partitions, zones and the gateway, each with its age.</summary>
    public object Brief(HomeRecord home)
    {
        ILookup<string, PropertyValue> values = storage.Properties.Read(home.Gateway).ToLookup(v => v.Device);
        return new
        {
            gateway = new { state = links.Presence(home.Gateway), lastHeard = links.LastHeard(home.Gateway) ?? storage.Gateways.Find(home.Gateway)?.LastSeen },
            partitions = home.Partitions,
            zones = home.Devices.Where(d => d.Zone is not null).OrderBy(d => d.Zone).Select(d => Zone(home, d, values[d.Ref])),
        };
    }

    public IEnumerable<object> Timeline(HomeRecord home, long? before, int limit, bool isStaff)
    {
        DateTimeOffset? since = isStaff ? null : silent.Since(home.Id);
        return Events(home, before).Where(stored => isStaff || !SilentAlarms.Tells(stored, since)).Take(Math.Clamp(limit, 1, 200)).Select(stored => (object)new
        {
            position = stored.Position,
            at = stored.Event.Time,
            received = stored.Received,
            kind = stored.Event.Kind,
            priority = stored.Event.Priority,
            text = Words(home, stored.Event),
            @event = stored.Event.Id,
            zone = stored.Event.Zone,
            clip = (stored.Event.Body as ClipBody)?.Id,
        });
    }

    /// <summary>The events of a home, newest first, read as far as they are wanted.</summary>
    private IEnumerable<StoredEvent> Events(HomeRecord home, long? before)
    {
        const int Page = 200;
        IReadOnlyList<StoredEvent> page;
        do
        {
            page = storage.Events.ReadGateway(home.Gateway, before, Page);
            foreach (StoredEvent one in page)
                yield return one;
            before = page.Count > 0 ? page[^1].Position : before;
        }
        while (page.Count == Page);
    }

    public object LookIns(string home) => new { active = Shown(lookIns.Active(home)), past = Shown(lookIns.Past(home, 100)) };

    /// <summary>Every look-in, but those for a call for help by duress code until the station has closed it: a banner would tell the wrong person.</summary>
    private IEnumerable<LookInEntry> Shown(IReadOnlyList<LookInEntry> entries) =>
        entries.Where(e => !silent.Hides(e));

    /// <summary>One sentence for an event.</summary>
    internal static string Words(HomeRecord home, SmaEvent sma)
    {
        string zone = home.ZoneName(sma.Zone) is { } name ? $"zone {sma.Zone} ({name})" : string.Create(CultureInfo.InvariantCulture, $"zone {sma.Zone}");
        string device = home.Devices.FirstOrDefault(d => d.Ref == sma.Device?.Ref) is { } d ? home.NameOf(d) : sma.Device?.Ref ?? "";
        return sma.Kind switch
        {
            // The gateway explains its alarm machine itself; its words win.
            _ when sma.Body is TextBody text && text.Text.Length > 0 => text.Text,
            _ when sma.Body is PartitionBody { Text: { Length: > 0 } said } => said,
            SmaEventKinds.AlarmRaised => $"Alarm: {ContactId.Find(sma.Code)?.Meaning ?? "alarm"}{(sma.Zone is null ? "" : $", {zone}")}.",
            SmaEventKinds.AlarmCancelled => "The alarm was cancelled with the right code.",
            SmaEventKinds.AlarmRestored => $"{Capital(zone)} is closed again.",
            SmaEventKinds.EntryStarted => $"{Capital(zone)} opened: the entry delay runs.",
            SmaEventKinds.EntryEnded => "The entry delay ended.",
            SmaEventKinds.PartitionState when sma.Body is PartitionBody p => $"Partition {p.Id} is {p.State}{(p.Mode is null or "off" ? "" : $" ({p.Mode})")}{(p.User is null ? "" : $", by {p.User}")}.",
            SmaEventKinds.DeviceState when sma.Device is { Properties: [var one] } => Changed(device, one),
            SmaEventKinds.DeviceState when sma.Device is { Properties.Count: > 0 } state => $"{device}: {string.Join(", ", state.Properties.Select(p => $"{p.Name} {p.Value}"))}.",
            SmaEventKinds.DeviceLost => $"{device} is out of reach.",
            SmaEventKinds.DeviceBack => $"{device} is back.",
            SmaEventKinds.GatewayLost => "The gateway is out of reach.",
            SmaEventKinds.GatewaySuspect => "The gateway went silent.",
            SmaEventKinds.GatewayBack => "The gateway is back.",
            SmaEventKinds.ClipStored => "A clip was stored.",
            SmaEventKinds.InstructionResult when sma.Body is ResultBody { Code: "what-if" } => "Instruction done: somebody asked what happens if a zone opens.",
            SmaEventKinds.InstructionResult when sma.Body is ResultBody r => $"Instruction {r.Outcome}{(r.Text.Length > 0 ? $": {r.Text}" : "")}.",
            SmaEventKinds.SessionUp => "The gateway connected.",
            _ => device.Length > 0 ? $"{sma.Kind}: {device}." : $"{sma.Kind}.",
        };
    }

    /// <summary>One changed value as people would say it.</summary>
    private static string Changed(string device, DeviceProperty property) => (property.Name, property.Value) switch
    {
        ("contact", "open") => $"{device} opened.",
        ("contact", "closed") => $"{device} closed.",
        ("motion", "yes") => $"{device}: somebody moves.",
        ("motion", "no") => $"{device}: quiet again.",
        ("smoke", "yes") => $"{device}: smoke.",
        ("smoke", "no") => $"{device}: no smoke.",
        ("on", "true") => $"{device} was switched on.",
        ("on", "false") => $"{device} was switched off.",
        ("locked", "true") => $"{device} is locked.",
        ("locked", "false") => $"{device} is unlocked.",
        _ => $"{device}: {property.Name.Replace('-', ' ')} {property.Value}.",
    };

    private static object Zone(HomeRecord home, HomeDevice device, IEnumerable<PropertyValue> values)
    {
        values = [.. values];
        string? Value(string name) => values.FirstOrDefault(v => v.Name == name)?.Value;
        PropertyValue? contact = values.FirstOrDefault(v => v.Name is "contact" or "open" or "motion" or "alarm" or "smoke" or "state");
        HomePartition? partition = home.Partitions.FirstOrDefault(p => p.Number == (device.Partition ?? 1));
        return new
        {
            number = device.Zone,
            name = home.NameOf(device),
            partition = device.Partition ?? 1,
            device = device.Ref,
            type = device.Type,
            kind = Value("zone-kind"),
            entryDelay = int.TryParse(Value("entry-delay"), NumberStyles.None, CultureInfo.InvariantCulture, out int delay) ? delay : (int?)null,
            armedInStay = Value("armed-in-stay") != "false",
            bypass = Value("bypass") ?? "off",
            lost = device.IsLost,
            open = contact?.Value is "open" or "yes" or "true" or "on" or "1" or "detected",
            at = contact?.At,
            bypassed = partition?.Bypassed.Contains(device.Zone!.Value) ?? false,
            inAlarm = partition?.AlarmZones.Contains(device.Zone!.Value) ?? false,
        };
    }

    private static string Capital(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
}
