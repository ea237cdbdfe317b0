using MediaRelay.Signaling.Alarms;

namespace MediaRelay.Gateway.Home;

/// <summary>
/// The alarm panel as instructions reach it beside arming: zones that are left out, what would happen if one opened, and codes of the
/// keypad. They travel as properties, so the contract needs no further kinds: <c>bypass</c> of a zone's device, <c>what-if</c> to ask, and
/// <c>code-ID</c> of the device <c>panel</c>, whose values never leave the home again.
/// </summary>
public sealed partial class HomeCore
{
    /// <summary>The device that stands for the panel itself.</summary>
    public const string PanelRef = "panel";

    private const string CodePrefix = "code-";
    private const string WhatIfProperty = "what-if";
    private const string BypassProperty = "bypass";

    /// <summary>How each zone was left out when it was last told and kept.</summary>
    private readonly Dictionary<ushort, BypassMode> _toldBypass = [];

    /// <summary>When the delays that were running end, as far as a clock could say; from <see cref="Restore"/> to <see cref="Resume"/>.</summary>
    private readonly SortedDictionary<byte, DateTimeOffset?> _ends = [];

    /// <summary>Once after the last <see cref="Restore"/>: delays go on, or end, or begin again when no clock says how long the gateway was away.</summary>
    public void Resume(DateTimeOffset utcNow, TimeSpan now, List<HomeCommand> commands)
    {
        foreach (ushort zone in _configured.Values.Select(device => device.Zone).OfType<ushort>())
            DropUnused(zone);
        foreach ((byte partition, DateTimeOffset? end) in _ends)
            _panel.Resume(partition, IsClockSet(utcNow) ? end - utcNow : null, now, _transitions);
        _ends.Clear();
        Report(utcNow, now, null, commands);
    }

    /// <summary>Keeps every partition that something happened to.</summary>
    private void KeepPartitions(DateTimeOffset utcNow, TimeSpan now, List<HomeCommand> commands)
    {
        foreach (byte partition in _transitions.Select(transition => transition.Partition).Distinct())
        {
            PartitionMemory memory = _panel.Remember(partition, now);
            commands.Add(new HomeCommand.Keep(ModeKey + partition, System.Text.Encoding.UTF8.GetBytes(memory.Write(IsClockSet(utcNow) ? utcNow + memory.Left : null))));
        }
    }

    /// <summary>A time before this program was written is that of a clock which begins at its own zero after a power cut.</summary>
    private static bool IsClockSet(DateTimeOffset utcNow) => utcNow.Year >= 2026;

    private bool RestorePanel(string key, byte[] value, TimeSpan now)
    {
        string text = System.Text.Encoding.UTF8.GetString(value);
        if (key.StartsWith(ModeKey, StringComparison.Ordinal) && byte.TryParse(key.AsSpan(ModeKey.Length), out byte partition))
        {
            if (PartitionMemory.TryRead(text, out PartitionMemory? memory, out DateTimeOffset? end))
            {
                _panel.Recall(partition, memory, now);
                _ends[partition] = end;
            }

            return true;
        }

        if (key.StartsWith(BypassKey, StringComparison.Ordinal) && ushort.TryParse(key.AsSpan(BypassKey.Length), out ushort zone))
        {
            _panel.RestoreBypass(zone, ReadBypass(text) ?? BypassMode.Off);
            _toldBypass[zone] = _panel.Bypass(zone);
            return true;
        }

        if (!key.StartsWith(CodeKey, StringComparison.Ordinal))
            return false;
        if (KeypadCode.Read(key[CodeKey.Length..], text) is { } code)
            _codes.TryStore(code, out _);
        return true;
    }

    /// <summary>What each zone is, as properties of its device; the first snapshot of a session carries them.</summary>
    private void DescribeZones(DateTimeOffset utcNow)
    {
        foreach (Device device in _devices.Values)
            Describe(device, utcNow);
    }

    private void Describe(Device device, DateTimeOffset utcNow)
    {
        if (device.Body.Zone is not { } number || !_panel.Zones.TryGetValue(number, out Zone? zone))
            return;
        device.Set("zone-kind", zone.Kind switch { ZoneKind.Delayed => "delayed", ZoneKind.TwentyFourHour => "24-hour", _ => "instant" }, utcNow);
        device.Set("zone-code", zone.Code, utcNow);
        device.Set("armed-in-stay", zone.ArmedInStay ? "true" : "false", utcNow);
        if (zone.Kind == ZoneKind.Delayed)
            device.Set("entry-delay", zone.EntryDelay.TotalSeconds.ToString("0", System.Globalization.CultureInfo.InvariantCulture), utcNow);
        device.Set(BypassProperty, BypassName(_panel.Bypass(number)), utcNow);
    }

    /// <summary>Tells and keeps which zones are left out, after something happened that may have changed it.</summary>
    private void ReportBypass(DateTimeOffset utcNow, string? cause, List<HomeCommand> commands)
    {
        foreach (Device device in _devices.Values)
        {
            if (device.Body.Zone is not { } number || !_panel.Zones.ContainsKey(number))
                continue;
            BypassMode mode = _panel.Bypass(number);
            if (_toldBypass.GetValueOrDefault(number) == mode)
                continue;
            _toldBypass[number] = mode;
            device.Set(BypassProperty, BypassName(mode), utcNow);
            commands.Add(new HomeCommand.Keep(BypassKey + number, mode == BypassMode.Off ? null : System.Text.Encoding.UTF8.GetBytes(BypassName(mode))));
            commands.Add(Emit(SmaEventKinds.DeviceState, utcNow, cause, EventPriority.Status, device.WithValues([BypassProperty])));
        }
    }

    /// <summary>A property that belongs to the panel and not to an adaptor; null when it is none.</summary>
    private ResultBody? SetOnPanel(Instruction instruction, DateTimeOffset utcNow, TimeSpan now, List<HomeCommand> commands)
    {
        DeviceBody wanted = instruction.Device!;
        if (wanted.Ref == PanelRef)
            return SetCodes(wanted, commands);
        if (wanted.Properties.FirstOrDefault(p => p.Name == BypassProperty) is not { } bypass || !_devices.TryGetValue(wanted.Ref, out Device? device) || device.Body.Zone is not { } zone)
            return null;
        if (ReadBypass(bypass.Value) is not { } mode)
            return new ResultBody("failed", SmaFault.Meaning, "A bypass is off, once or always.");
        string user = wanted.Properties.FirstOrDefault(p => p.Name == "by")?.Value ?? "operator";
        if (!_panel.HandleBypass(zone, mode, user, _transitions, out string? refusal))
            return new ResultBody("refused", "bypass", refusal!);
        Report(utcNow, now, instruction.Id, commands);
        return new ResultBody("done");
    }

    private ResultBody SetCodes(DeviceBody wanted, List<HomeCommand> commands)
    {
        foreach (DeviceProperty property in wanted.Properties)
        {
            if (!property.Name.StartsWith(CodePrefix, StringComparison.Ordinal))
                return new ResultBody("failed", "unknown-property", $"The panel has no property {property.Name}.");
            string id = property.Name[CodePrefix.Length..];
            if (property.Value.Length == 0)
            {
                _codes.Remove(id);
                commands.Add(new HomeCommand.Keep(CodeKey + id, null));
                continue;
            }

            if (KeypadCode.Read(id, property.Value) is not { } code)
                return new ResultBody("failed", SmaFault.Meaning, "The code cannot be read.");
            if (!_codes.TryStore(code, out string? refusal))
                return new ResultBody("refused", "code", refusal!);
            commands.Add(new HomeCommand.Keep(CodeKey + id, System.Text.Encoding.UTF8.GetBytes(code.Write())));
        }

        return new ResultBody("done");
    }

    /// <summary>
    /// "What happens if this zone opens now?": a sentence for each question, one a line. <c>what-if</c> asks for the present state, <c>what-if-away</c>,
    /// <c>what-if-stay</c> and <c>what-if-night</c> as if it were armed like that. Null when something else is asked.
    /// </summary>
    private ResultBody? AskPanel(Instruction instruction, TimeSpan now)
    {
        IReadOnlyList<DeviceProperty> asked = instruction.Device!.Properties;
        if (asked.Count == 0 || asked.Any(p => !p.Name.StartsWith(WhatIfProperty, StringComparison.Ordinal)))
            return null;
        if (!_devices.TryGetValue(instruction.Device.Ref, out Device? device) || device.Body.Zone is not { } zone)
            return new ResultBody("failed", "unknown-device", "There is no such zone.");
        return new ResultBody("done", WhatIfProperty, string.Join('\n', asked.Select(p => _panel.WhatIf(zone, now, p.Name.Length > WhatIfProperty.Length ? ReadMode(p.Name[(WhatIfProperty.Length + 1)..]) : null))));
    }

    /// <summary>Somebody typed a code: it says who arms or disarms. A duress code disarms as any other and calls for help without a sound.</summary>
    private ResultBody ArmByCode(Instruction instruction, PartitionBody wanted, string hash, DateTimeOffset utcNow, TimeSpan now, List<HomeCommand> commands)
    {
        if (_codes.Check(hash, utcNow, now, out string? refusal) is not { } code)
            return new ResultBody("refused", "code", refusal!);
        ArmMode mode = instruction.Kind == InstructionKinds.PartitionDisarm ? ArmMode.Off : ReadMode(wanted.Mode) ?? ArmMode.Away;
        if (!Arm(wanted.Id, mode, code.Name, wanted.ExitDelay ?? _exitDelay, wanted.Bypass.ToArray(), instruction.Id, utcNow, now, commands, out refusal, ArmOrigin.Keypad, wanted.EntryDelay))
            return new ResultBody("refused", "not-ready", refusal ?? "");
        if (code.IsDuress)
        {
            commands.Add(new HomeCommand.Emit(new SmaEvent
            {
                Id = "", Seq = 0, Time = utcNow, Kind = SmaEventKinds.AlarmRaised, Code = "121", Partition = wanted.Id, Priority = EventPriority.Alarm,
                Mode = View(wanted.Id) is { } view ? ModeName(view.Mode) : null, State = View(wanted.Id) is { } after ? StateName(after.State) : null,
                Body = new TextBody($"Alarm (duress): {code.Name} typed the code that calls for help silently."),
            }));
        }

        return new ResultBody("done");
    }

    private static BypassMode? ReadBypass(string text) => text switch { "off" => BypassMode.Off, "once" => BypassMode.Once, "always" => BypassMode.Always, _ => null };

    private static string BypassName(BypassMode mode) => mode.ToString().ToLowerInvariant();
}
