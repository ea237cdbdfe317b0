using System.Globalization;
using MediaRelay.Signaling.Events;

namespace MediaRelay.Signaling.Alarms;

/// <summary>
/// The alarm machine of one home: partitions that are armed, zones that open, delays that run, alarms that are raised, cancelled and
/// restored. Every transition explains itself in words.
/// </summary>
/// <remarks>
/// <code>
///              arm                     exit delay over              delayed zone opens
///  Disarmed --------> ExitDelay ------------------------> Armed ------------------------> EntryDelay
///     ^  ^              |  instant zone opens               |  instant zone opens             |  delay over, or
///     |  |              v                                   v                                 v  instant zone opens
///  Disarmed --------> ExitDelay ------------------------> Armed ------------------------> EntryDelay
///     +------------------------------ disarm: alarm.cancelled
/// </code>
/// 24-hour zones raise their alarm in every state and each time that they open; other zones once until the next disarm. Arming and disarming
/// are targets, not toggles: repeating one changes nothing. Who may arm need not be able to disarm, so arming an armed home only makes it
/// watch more, and never while an entry delay runs.
/// The object has one owner; time is monotonic.
/// </remarks>
public sealed partial class AlarmPanel
{
    /// <summary>Longest exit or entry delay: a longer one would hold an alarm off for as long as somebody likes.</summary>
    public static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(10);

    private readonly SortedDictionary<ushort, Zone> _zones = [];
    private readonly SortedDictionary<byte, Partition> _partitions = [];

    /// <summary>Makes a panel with its zones; partitions exist as soon as a zone names them.</summary>
    public AlarmPanel(IEnumerable<Zone> zones)
    {
        foreach (var zone in zones)
        {
            AddZone(zone);
        }
    }

    /// <summary>All zones by number.</summary>
    public IReadOnlyDictionary<ushort, Zone> Zones => _zones;

    /// <summary>When the next running delay ends, or null.</summary>
    public TimeSpan? NextDeadline => _partitions.Values.Min(p => p.Until);

    /// <summary>Adds a zone, or replaces the one with its number.</summary>
    public void AddZone(Zone zone)
    {
        if (_zones.TryGetValue(zone.Number, out var old) && old.Partition != zone.Partition)
        {
            RemoveZone(zone.Number);
        }

        _zones[zone.Number] = zone;
        _partitions.TryAdd(zone.Partition, new Partition(zone.Partition));
    }

    /// <summary>Removes a zone; removing the absent changes nothing. Its running entry delay and its alarms stay.</summary>
    public void RemoveZone(ushort number)
    {
        if (_zones.Remove(number, out var zone))
        {
            _partitions[zone.Partition].Forget(number);
        }
    }

    /// <summary>Arms a partition, or makes an armed one watch more; delays and bypasses of the request count for the one that was disarmed.</summary>
    /// <returns>False with a sentence when it cannot be armed, e.g. because an instant zone is open and not bypassed.</returns>
    public bool HandleArm(byte number, ArmRequest wanted, TimeSpan now, List<AlarmTransition> transitions, out string? refusal)
    {
        refusal = null;
        var (mode, user, exitDelay, bypass) = (wanted.Mode, wanted.User, wanted.ExitDelay, wanted.Bypass);
        if (mode == ArmMode.Off)
        {
            HandleDisarm(number, user, wanted.Origin, transitions);
            return true;
        }

        if (exitDelay > MaxDelay || wanted.EntryDelay > MaxDelay)
        {
            refusal = $"A delay is at most {Seconds(MaxDelay)}.";
            return false;
        }

        if (!_partitions.TryGetValue(number, out var partition))
        {
            refusal = $"Partition {number} does not exist.";
            return false;
        }

        ushort[] added = [.. bypass.Where(b => _zones.TryGetValue(b, out var z) && z.Partition == number && z.Kind != ZoneKind.TwentyFourHour && !partition.Bypassed.Contains(b)).Distinct().Order()];
        refusal = partition.State switch
        {
            PartitionState.Alarm => $"Partition {number} is in alarm. Disarm it first.",
            PartitionState.EntryDelay => $"The entry delay of partition {number} runs. Disarm it first.",
            PartitionState.ExitDelay or PartitionState.Armed when Reach(mode) < Reach(partition.Mode) => $"Partition {number} is armed {Text(partition.Mode)}. Disarm it, then arm it {Text(mode)}.",
            PartitionState.ExitDelay or PartitionState.Armed when added.Length > 0 => $"Partition {number} is armed. Disarm it, then leave zone {Name(added[0])} out.",
            _ => null,
        };
        if (refusal is not null || (partition.Mode == mode && partition.State != PartitionState.Disarmed))
        {
            return refusal is null;
        }

        var isArmed = partition.State != PartitionState.Disarmed;
        var blocking = _zones.Values.FirstOrDefault(z => z.Partition == number && z.Kind == ZoneKind.Instant && IsWatched(z, mode) && partition.Open.Contains(z.Number) && !bypass.Contains(z.Number) && !partition.Bypassed.Contains(z.Number));
        if (blocking is not null)
        {
            refusal = $"Zone {Name(blocking.Number)} is open. Close it{(isArmed ? "" : " or bypass it")}, then arm again.";
            return false;
        }

        foreach (var zone in added)
        {
            partition.Bypassed.Add(zone);
            transitions.Add(new(SmaEventKinds.PartitionState, number, zone, "570", false, partition.State, $"Zone {Name(zone)} is bypassed until the next disarm, by {user}."));
        }

        var was = partition.Mode;
        partition.Mode = mode;
        partition.ArmedBy = user;
        var words = $"{user} armed partition {number} {Text(mode)}, without an exit delay.";
        if (isArmed)
        {
            words = $"{user} changed partition {number} from {Text(was)} to {Text(mode)}; {(partition.State == PartitionState.ExitDelay && partition.Until is { } end
                ? $"{Seconds(end - now)} are left to leave through a delayed zone."
                : "it was armed before, so no exit delay begins.")}";
        }
        else if (exitDelay > TimeSpan.Zero && mode != ArmMode.Night)
        {
            partition.EntryDelay = wanted.EntryDelay;
            partition.Begin(PartitionState.ExitDelay, exitDelay, now);
            words = $"{user} armed partition {number} {Text(mode)}: {Seconds(exitDelay)} to leave through a delayed zone.";
        }
        else
        {
            partition.EntryDelay = wanted.EntryDelay;
            partition.State = PartitionState.Armed;
        }

        transitions.Add(new(SmaEventKinds.PartitionState, number, null, mode == ArmMode.Away ? Code(wanted.Origin) : "441", true, partition.State, words));
        return true;
    }

    /// <summary>Disarms a partition; while an alarm is open this cancels it. Disarming the disarmed changes nothing.</summary>
    public void HandleDisarm(byte number, string user, ArmOrigin origin, List<AlarmTransition> transitions)
    {
        if (!_partitions.TryGetValue(number, out var partition) || (partition.State == PartitionState.Disarmed && partition.Alarms.Count == 0))
        {
            return;
        }

        var was = partition.State;
        ushort[] alarms = [.. partition.Alarms.Select(alarm => alarm.Zone)];
        foreach (var zone in partition.Bypassed.Except(partition.Kept))
        {
            transitions.Add(new(SmaEventKinds.PartitionState, number, zone, "570", true, PartitionState.Disarmed, $"Zone {Name(zone)} is watched again: its bypass ended with the disarm."));
        }

        partition.Reset();
        if (alarms.Length > 0)
        {
            transitions.Add(new(SmaEventKinds.AlarmCancelled, number, alarms[0], "406", false, PartitionState.Disarmed,
                $"{user} cancelled the alarm of zone {Name(alarms[0])} by disarming partition {number}."));
        }

        if (was == PartitionState.EntryDelay)
        {
            transitions.Add(new(SmaEventKinds.EntryEnded, number, null, null, false, PartitionState.Disarmed, $"{user} disarmed partition {number} within the entry delay; no alarm was raised."));
        }

        if (was != PartitionState.Disarmed)
        {
            transitions.Add(new(SmaEventKinds.PartitionState, number, null, Code(origin), false, PartitionState.Disarmed, $"{user} disarmed partition {number}."));
        }
    }

    /// <summary>
    /// Leaves a zone out, until the next disarm or until it is taken back, or watches it again. A target: repeating it changes nothing.
    /// Zones are left out only while their partition is disarmed, so that nobody opens a hole in an armed home.
    /// </summary>
    /// <returns>False with a sentence when the zone cannot be left out.</returns>
    public bool HandleBypass(ushort number, BypassMode mode, string user, List<AlarmTransition> transitions, out string? refusal)
    {
        refusal = null;
        if (!_zones.TryGetValue(number, out var zone))
        {
            refusal = $"Zone {number} does not exist.";
            return false;
        }

        var partition = _partitions[zone.Partition];
        var was = Bypass(number);
        if (was == mode)
        {
            return true;
        }

        if (mode != BypassMode.Off && zone.Kind == ZoneKind.TwentyFourHour)
        {
            refusal = $"Zone {Name(number)} is watched day and night; it cannot be left out.";
            return false;
        }

        if (mode != BypassMode.Off && partition.State != PartitionState.Disarmed)
        {
            refusal = $"Partition {zone.Partition} is armed. Disarm it, then leave zone {Name(number)} out.";
            return false;
        }

        RestoreBypass(number, mode);
        transitions.Add(new(SmaEventKinds.PartitionState, zone.Partition, number, "570", mode == BypassMode.Off, partition.State, mode switch
        {
            BypassMode.Off => $"Zone {Name(number)} is watched again, by {user}.",
            BypassMode.Once => $"Zone {Name(number)} is left out until the next disarm, by {user}.",
            _ => $"Zone {Name(number)} is left out until somebody takes it back, by {user}.",
        }));
        return true;
    }

    /// <summary>How a zone is left out now.</summary>
    public BypassMode Bypass(ushort number) =>
        !_zones.TryGetValue(number, out var zone) || !_partitions[zone.Partition].Bypassed.Contains(number) ? BypassMode.Off
        : _partitions[zone.Partition].Kept.Contains(number) ? BypassMode.Always : BypassMode.Once;

    /// <summary>Takes back, after a restart, how a zone was left out. Nothing is reported and nothing refused.</summary>
    public void RestoreBypass(ushort number, BypassMode mode)
    {
        if (!_zones.TryGetValue(number, out var zone) || zone.Kind == ZoneKind.TwentyFourHour)
        {
            return;
        }

        var partition = _partitions[zone.Partition];
        _ = mode == BypassMode.Off ? partition.Bypassed.Remove(number) : partition.Bypassed.Add(number);
        _ = mode == BypassMode.Always ? partition.Kept.Add(number) : partition.Kept.Remove(number);
    }

    /// <summary>
    /// Takes a zone's state: open when one of its sensors opened, closed when the last one closed. The state it already has changes nothing, but
    /// in a 24-hour zone every opening is another sensor's and counts. Unknown zones are ignored.
    /// </summary>
    public void HandleZone(ushort number, bool isOpen, TimeSpan now, List<AlarmTransition> transitions)
    {
        if (!_zones.TryGetValue(number, out var zone))
        {
            return;
        }

        var partition = _partitions[zone.Partition];
        if (!isOpen)
        {
            partition.Open.Remove(number);
            Restore(partition, zone, transitions);
            return;
        }

        if (!partition.Open.Add(number) && zone.Kind != ZoneKind.TwentyFourHour)
        {
            return;
        }

        if (zone.Kind == ZoneKind.TwentyFourHour)
        {
            Raise(partition, number, zone.Code, $"Zone {Name(number)} is watched day and night", transitions);
            return;
        }

        if (partition.State == PartitionState.Disarmed || !IsWatched(zone, partition.Mode) || partition.Bypassed.Contains(number))
        {
            return;
        }

        switch (partition.State)
        {
            case PartitionState.ExitDelay when zone.Kind == ZoneKind.Delayed:
                break;
            case PartitionState.Armed when zone.Kind == ZoneKind.Delayed && (partition.EntryDelay ?? zone.EntryDelay) is var delay && delay > TimeSpan.Zero:
                partition.Begin(PartitionState.EntryDelay, delay, now);
                partition.EntryZone = number;
                transitions.Add(new(SmaEventKinds.EntryStarted, zone.Partition, number, null, false, partition.State,
                    $"Zone {Name(number)} opened while partition {zone.Partition} is armed {Text(partition.Mode)}: {Seconds(delay)} to disarm, then an alarm."));
                break;
            case PartitionState.EntryDelay when zone.Kind == ZoneKind.Delayed:
                break;
            default:
                Raise(partition, number, zone.Code, partition.State switch
                {
                    PartitionState.ExitDelay => $"Zone {Name(number)} opened during the exit delay, but only delayed zones may be used to leave",
                    PartitionState.EntryDelay => $"Zone {Name(number)} opened during the entry delay, but it has no delay of its own",
                    _ => $"Zone {Name(number)} opened while partition {zone.Partition} is armed {Text(partition.Mode)}",
                }, transitions);
                break;
        }
    }

    /// <summary>Ends every delay that is due; calls in between change nothing.</summary>
    public void HandleDeadline(TimeSpan now, List<AlarmTransition> transitions)
    {
        foreach (var partition in _partitions.Values.Where(p => p.Until <= now))
        {
            partition.Until = null;
            if (partition.State == PartitionState.ExitDelay)
            {
                EndExit(partition, "", transitions);
            }
            else if (partition.State == PartitionState.EntryDelay)
            {
                EndEntry(partition, "", transitions);
            }
        }
    }

    /// <summary>All partitions as people see them.</summary>
    public IReadOnlyList<PartitionView> Snapshot() =>
        [.. _partitions.Values.Select(p => new PartitionView(p.Number, p.State, p.Mode, p.Until, [.. p.Open], [.. p.Bypassed], [.. p.Alarms.Select(alarm => alarm.Zone)]))];

    /// <summary>Answers "what happens if this zone opens now?" in words, without changing anything.</summary>
    /// <param name="number">The zone.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="armed">Asks as if the partition were armed like this and quiet; null asks for the state it is in.</param>
    public string WhatIf(ushort number, TimeSpan now, ArmMode? armed = null)
    {
        if (!_zones.TryGetValue(number, out var zone))
        {
            return $"Zone {number} does not exist.";
        }

        var trial = new AlarmPanel(_zones.Values);
        trial._partitions[zone.Partition] = _partitions[zone.Partition].Copy();
        if (armed is { } mode)
        {
            trial._partitions[zone.Partition].Suppose(mode);
        }

        trial._partitions[zone.Partition].Open.Remove(number);
        var transitions = new List<AlarmTransition>();
        trial.HandleZone(number, isOpen: true, now, transitions);
        var partition = trial._partitions[zone.Partition];
        return transitions.Count > 0 ? transitions[^1].Words
            : partition.Bypassed.Contains(number) ? $"Nothing: zone {Name(number)} is bypassed until {(partition.Kept.Contains(number) ? "somebody takes it back" : "the next disarm")}."
            : partition.State == PartitionState.Disarmed ? $"Nothing: partition {zone.Partition} is disarmed and zone {Name(number)} is not watched day and night."
            : partition.State == PartitionState.ExitDelay ? $"Nothing: the exit delay of partition {zone.Partition} still runs."
            : partition.Alarm(number) is not null ? $"Nothing new: zone {Name(number)} raised an alarm before, and a zone alarms once until the next disarm."
            : partition.State == PartitionState.EntryDelay ? $"Nothing new: the entry delay of partition {zone.Partition} already runs."
            : $"Nothing: zone {Name(number)} is not watched while partition {zone.Partition} is armed {Text(partition.Mode)}.";
    }

    private void EndExit(Partition partition, string when, List<AlarmTransition> transitions)
    {
        partition.State = PartitionState.Armed;
        transitions.Add(new(SmaEventKinds.PartitionState, partition.Number, null, null, true, partition.State,
            $"The exit delay of partition {partition.Number} ended{when}: it is armed {Text(partition.Mode)}."));
        // A door that stands open when the time to leave is over is an intrusion waiting to happen: it alarms as an exit error.
        foreach (var number in partition.Open.Order())
        {
            if (_zones.TryGetValue(number, out var zone) && zone.Kind == ZoneKind.Delayed && IsWatched(zone, partition.Mode) && !partition.Bypassed.Contains(number))
            {
                Raise(partition, number, "374", $"Zone {Name(number)} was still open when the exit delay ended", transitions);
            }
        }
    }

    private void EndEntry(Partition partition, string since, List<AlarmTransition> transitions)
    {
        // A zone that somebody took away meanwhile no longer says what it was: a general alarm then.
        ushort number = partition.EntryZone ?? 0;
        bool isKnown = _zones.TryGetValue(number, out var zone);
        Raise(partition, number, isKnown ? zone!.Code : "140", $"Zone {Name(number)} opened and nobody disarmed within {Seconds(partition.Whole)}{(isKnown ? "" : "; the zone has been taken away since")}{since}", transitions);
    }

    private void Raise(Partition partition, ushort number, string code, string because, List<AlarmTransition> transitions)
    {
        // A zone alarms once until the next disarm: a swinging door must not ring the station for every swing. But nobody disarms a home
        // that is not armed, and the next smoke is the next fire: 24-hour zones alarm whenever they open.
        bool isAlways = _zones.TryGetValue(number, out var zone) && zone.Kind == ZoneKind.TwentyFourHour;
        if (partition.Alarm(number) is { } before)
        {
            if (!isAlways)
            {
                return;
            }

            before.IsRestored = false;
        }
        else
        {
            partition.Alarms.Add(new(number, code));
        }

        if (partition.State != PartitionState.Disarmed || !isAlways)
        {
            partition.State = PartitionState.Alarm;
            partition.Until = null;
        }

        var meaning = ContactId.Find(code)?.Meaning ?? "alarm";
        transitions.Add(new(SmaEventKinds.AlarmRaised, partition.Number, number, code, false, partition.State, $"Alarm ({meaning}): {because}."));
    }

    private void Restore(Partition partition, Zone zone, List<AlarmTransition> transitions)
    {
        if (partition.Alarm(zone.Number) is { IsRestored: false } alarm)
        {
            alarm.IsRestored = true;
            transitions.Add(new(SmaEventKinds.AlarmRestored, partition.Number, zone.Number, alarm.Code, true, partition.State,
                $"Zone {Name(zone.Number)} is closed again; the alarm stays open until somebody disarms."));
        }
    }

    /// <summary>The station learns how the wish came; that people are at home (441) matters more to it.</summary>
    private static string Code(ArmOrigin origin) => origin switch { ArmOrigin.Remote => "407", ArmOrigin.Automatic => "403", _ => "401" };

    /// <summary>How much a mode watches; night and stay watch the same.</summary>
    private static int Reach(ArmMode mode) => mode switch { ArmMode.Off => 0, ArmMode.Away => 2, _ => 1 };

    private string Name(ushort number) => _zones.TryGetValue(number, out var zone) ? $"{number} ({zone.Name})" : number.ToString(CultureInfo.InvariantCulture);

    private static bool IsWatched(Zone zone, ArmMode mode) => mode == ArmMode.Away || (mode is ArmMode.Stay or ArmMode.Night && zone.ArmedInStay);

    private static string Text(ArmMode mode) => mode.ToString().ToLowerInvariant();

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0} s");
}
