using MediaRelay.Signaling.Alarms;

namespace MediaRelay.Gateway.Home;

/// <summary>
/// Devices and the zones that they make up. A zone is open while one of its devices is, and watched while it has one; a device that was
/// removed stays away although the configuration names it, until it is created again or its entry there changes.
/// </summary>
public sealed partial class HomeCore
{
    private const string RemovedKey = "removed/";
    private static readonly TimeSpan s_samePress = TimeSpan.FromSeconds(5);

    private readonly Dictionary<ushort, Zone> _zones = [];
    private readonly Dictionary<string, DeviceBody> _configured = new(StringComparer.Ordinal);

    /// <summary>What is open in each zone: device and property, for a device may watch two things.</summary>
    private readonly Dictionary<ushort, HashSet<(string Device, string Property)>> _open = [];

    /// <summary>When each button was last said to be pressed.</summary>
    private readonly Dictionary<string, TimeSpan> _pressed = new(StringComparer.Ordinal);

    /// <summary>Some buttons never say that they were released, so a press that is said again counts again; one said at once is the same.</summary>
    private bool IsPressedAgain(string device, string name, string value, TimeSpan now)
    {
        if ((name, value) is not ("button", "pressed"))
            return false;
        bool isAgain = _pressed.TryGetValue(device, out TimeSpan last) && now - last >= s_samePress;
        if (isAgain || !_pressed.ContainsKey(device))
            _pressed[device] = now;
        return isAgain;
    }

    private void HandleZone(ushort zone, string device, string property, bool isOpen, TimeSpan now)
    {
        if (!_open.TryGetValue(zone, out HashSet<(string, string)>? open))
            _open[zone] = open = [];
        // The panel hears of every device that opens, and only of the last one that closes.
        if (isOpen)
            open.Add((device, property));
        else
            open.Remove((device, property));
        if (isOpen || open.Count == 0)
            _panel.HandleZone(zone, isOpen, now, _transitions);
    }

    /// <summary>A device is there: its zone is watched. False when the configuration has no such zone.</summary>
    private bool Watch(ushort number)
    {
        if (!_zones.TryGetValue(number, out Zone? zone))
            return false;
        if (!_panel.Zones.ContainsKey(number))
            _panel.AddZone(zone);
        return true;
    }

    private ResultBody Remove(Instruction instruction, DateTimeOffset utcNow, TimeSpan now, List<HomeCommand> commands)
    {
        if (!_devices.Remove(instruction.Device!.Ref, out Device? removed))
            return new ResultBody("done");
        DeviceBody body = removed.Body;
        commands.Add(new HomeCommand.RemoveDevice(body));
        commands.Add(new HomeCommand.Keep(DeviceKey + body.Ref, null));
        if (_configured.TryGetValue(body.Ref, out DeviceBody? configured))
            commands.Add(new HomeCommand.Keep(RemovedKey + body.Ref, KeptMessage.Write(configured, null)));
        if (body.Zone is { } zone)
        {
            DropUnused(zone);
            if (_open.TryGetValue(zone, out HashSet<(string Device, string Property)>? open) && open.RemoveWhere(part => part.Device == body.Ref) > 0 && open.Count == 0)
                _panel.HandleZone(zone, false, now, _transitions);
            Report(utcNow, now, instruction.Id, commands);
        }

        commands.Add(Emit(SmaEventKinds.DeviceRemoved, utcNow, instruction.Id, EventPriority.Status, body));
        return new ResultBody("done");
    }

    /// <summary>Takes back that a device of the configuration was removed.</summary>
    private void RestoreRemoved(string deviceRef, byte[] value, List<HomeCommand> commands)
    {
        if (_configured.TryGetValue(deviceRef, out DeviceBody? configured) && KeptMessage.Write(configured, null).AsSpan().SequenceEqual(value))
        {
            if (_devices.Remove(deviceRef))
                commands.Add(new HomeCommand.RemoveDevice(configured));
        }
        else
        {
            commands.Add(new HomeCommand.Keep(RemovedKey + deviceRef, null));
        }
    }

    /// <summary>A zone ends with its last device.</summary>
    private void DropUnused(ushort zone)
    {
        if (_devices.Values.All(device => device.Body.Zone != zone))
            _panel.RemoveZone(zone);
    }
}
