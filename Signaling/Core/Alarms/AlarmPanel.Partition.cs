namespace MediaRelay.Signaling.Alarms;

/// <summary>What the panel holds of one partition.</summary>
public sealed partial class AlarmPanel
{
    /// <summary>An alarm since the last disarm: whose, with which code, and whether the zone closed again.</summary>
    private sealed class Raised(ushort zone, string code)
    {
        public ushort Zone { get; } = zone;

        public string Code { get; } = code;

        public bool IsRestored { get; set; }
    }

    private sealed class Partition(byte number)
    {
        public byte Number { get; } = number;

        public PartitionState State { get; set; }

        public ArmMode Mode { get; set; }

        public string? ArmedBy { get; set; }

        public TimeSpan? Until { get; set; }

        /// <summary>How long the running delay is in full.</summary>
        public TimeSpan Whole { get; set; }

        /// <summary>True when the running delay began again after a restart.</summary>
        public bool IsAgain { get; set; }

        public ushort? EntryZone { get; set; }

        /// <summary>Entry delay of this arming; null: each zone has its own.</summary>
        public TimeSpan? EntryDelay { get; set; }

        public SortedSet<ushort> Open { get; private init; } = [];

        public SortedSet<ushort> Bypassed { get; private init; } = [];

        /// <summary>Those of <see cref="Bypassed"/> that outlast a disarm.</summary>
        public SortedSet<ushort> Kept { get; private init; } = [];

        /// <summary>One per zone, oldest first. They stay when their zone is taken away: the disarm has to cancel them.</summary>
        public List<Raised> Alarms { get; private init; } = [];

        public Raised? Alarm(ushort zone) => Alarms.Find(alarm => alarm.Zone == zone);

        public void Begin(PartitionState state, TimeSpan whole, TimeSpan now) => (State, Whole, Until, IsAgain) = (state, whole, now + whole, false);

        public void Recall(PartitionMemory memory, TimeSpan now)
        {
            (State, Mode, ArmedBy, EntryZone, EntryDelay, Whole, IsAgain) = (memory.State, memory.Mode, memory.ArmedBy, memory.EntryZone, memory.EntryDelay, memory.Whole, memory.IsAgain);
            Until = State is PartitionState.ExitDelay or PartitionState.EntryDelay ? now + Whole : null;
            Alarms.Clear();
            Alarms.AddRange(memory.Alarms.Select(alarm => new Raised(alarm.Zone, alarm.Code) { IsRestored = alarm.IsRestored }));
        }

        public void Reset()
        {
            (State, Mode, ArmedBy, Until, EntryZone, EntryDelay) = (PartitionState.Disarmed, ArmMode.Off, null, null, null, null);
            Bypassed.IntersectWith(Kept);
            Alarms.Clear();
        }

        public void Suppose(ArmMode mode)
        {
            (State, Mode, Until, EntryZone, EntryDelay) = (mode == ArmMode.Off ? PartitionState.Disarmed : PartitionState.Armed, mode, null, null, null);
            Alarms.Clear();
        }

        public void Forget(ushort zone)
        {
            Open.Remove(zone);
            Bypassed.Remove(zone);
            Kept.Remove(zone);
        }

        public Partition Copy() => new(Number)
        {
            State = State, Mode = Mode, ArmedBy = ArmedBy, Until = Until, Whole = Whole, IsAgain = IsAgain, EntryZone = EntryZone, EntryDelay = EntryDelay, Open = [.. Open], Bypassed = [.. Bypassed], Kept = [.. Kept],
            Alarms = [.. Alarms.Select(alarm => new Raised(alarm.Zone, alarm.Code) { IsRestored = alarm.IsRestored })],
        };
    }
}
