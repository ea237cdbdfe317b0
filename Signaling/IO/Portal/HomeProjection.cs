using MediaRelay.Signaling.Alarms;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>What one event changes of a home's record; the same record comes back when it changes nothing.</summary>
internal static class HomeProjection
{
    public static HomeRecord Apply(HomeRecord home, StoredEvent stored)
    {
        SmaEvent sma = stored.Event;
        switch (sma.Kind)
        {
            case SmaEventKinds.DeviceAdded or SmaEventKinds.DeviceState when sma.Device is { } device:
                return WithDevice(home, device);
            case SmaEventKinds.DeviceLost when sma.Device is { } device:
                return WithLost(home, device.Ref, true);
            case SmaEventKinds.DeviceBack when sma.Device is { } device:
                return WithLost(home, device.Ref, false);
            case SmaEventKinds.DeviceRemoved when sma.Device is { } device:
                return home with { Devices = [.. home.Devices.Where(d => d.Ref != device.Ref)] };
            case SmaEventKinds.HomeSnapshot when sma.Body is HomeSnapshot snapshot:
                return snapshot.Devices.Aggregate(home, WithDevice);
            case SmaEventKinds.PartitionState or SmaEventKinds.EntryStarted when sma.Body is PartitionBody partition:
                return WithPartition(home, partition, stored);
            // A call for help by duress code leaves no trace on a screen of the home.
            case SmaEventKinds.AlarmRaised when sma.Partition is { } number && sma.Code != ContactId.Duress:
                return With(home, number, stored, p => p with { State = sma.State ?? (p.State == "disarmed" ? p.State : "alarm"), Mode = sma.Mode ?? p.Mode, Until = null, AlarmZones = sma.Zone is { } z && !p.AlarmZones.Contains(z) ? [.. p.AlarmZones, z] : p.AlarmZones });
            case SmaEventKinds.AlarmCancelled when sma.Partition is { } number:
                return With(home, number, stored, p => p with { State = sma.State ?? p.State, Mode = sma.Mode ?? p.Mode, AlarmZones = [] });
            case SmaEventKinds.EntryStarted when sma.Partition is { } number:
                return With(home, number, stored, p => p with { State = "entry" });
            default:
                return home;
        }
    }

    private static HomeRecord WithDevice(HomeRecord home, DeviceBody device)
    {
        HomeDevice? known = home.Devices.FirstOrDefault(d => d.Ref == device.Ref);
        var now = new HomeDevice(
            device.Ref, device.Type ?? known?.Type, device.Name ?? known?.Name, device.Protocol ?? known?.Protocol, device.Partition ?? known?.Partition, device.Zone ?? known?.Zone, known?.IsLost ?? false);
        return now == known ? home : home with { Devices = [.. home.Devices.Where(d => d.Ref != device.Ref), now] };
    }

    private static HomeRecord WithLost(HomeRecord home, string device, bool isLost) =>
        home.Devices.Any(d => d.Ref == device && d.IsLost != isLost)
            ? home with { Devices = [.. home.Devices.Select(d => d.Ref == device ? d with { IsLost = isLost } : d)] }
            : home;

    private static HomeRecord WithPartition(HomeRecord home, PartitionBody body, StoredEvent stored) => With(home, body.Id, stored, p => p with
    {
        State = body.State ?? p.State,
        Mode = body.Mode ?? p.Mode,
        Until = body.State switch
        {
            "exit" when body.ExitDelay is { } exit => stored.HappenedAt + exit,
            "entry" when body.EntryDelay is { } entry => stored.HappenedAt + entry,
            _ => null,
        },
        Bypassed = body.Bypass,
        AlarmZones = body.State == "disarmed" ? [] : p.AlarmZones,
    });

    private static HomeRecord With(HomeRecord home, byte number, StoredEvent stored, Func<HomePartition, HomePartition> change)
    {
        HomePartition known = home.Partitions.FirstOrDefault(p => p.Number == number) ?? new HomePartition(number, "disarmed", "off", DateTimeOffset.UnixEpoch, null, [], []);
        DateTimeOffset at = stored.HappenedAt;
        // A late older report loses: reports carry the full state. One from the future has no say in what comes after it.
        if (at < known.At && known.At <= stored.Received + SmaEvent.ClockTolerance)
            return home;
        return home with { Partitions = [.. home.Partitions.Where(p => p.Number != number).Append(change(known) with { At = at }).OrderBy(p => p.Number)] };
    }
}
