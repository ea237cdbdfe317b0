using MediaRelay.Signaling.Events;

namespace MediaRelay.Signaling.Alarms;

/// <summary>What the panel knows over a restart of its gateway. Where the time of the restart is not known, it decides towards the alarm.</summary>
public sealed partial class AlarmPanel
{
    /// <summary>What to keep of a partition; to be asked for after each of its transitions.</summary>
    public PartitionMemory Remember(byte number, TimeSpan now) => !_partitions.TryGetValue(number, out var partition) ? new() : new()
    {
        State = partition.State, Mode = partition.Mode, ArmedBy = partition.ArmedBy, Left = partition.Until - now, Whole = partition.Whole, IsAgain = partition.IsAgain, EntryZone = partition.EntryZone,
        EntryDelay = partition.EntryDelay,
        Alarms = [.. partition.Alarms.Select(alarm => new AlarmMemory(alarm.Zone, alarm.Code, alarm.IsRestored))],
    };

    /// <summary>Takes back what was kept. A delay that ran begins again in full; <see cref="Resume"/> corrects it.</summary>
    public void Recall(byte number, PartitionMemory memory, TimeSpan now)
    {
        if (!_partitions.TryGetValue(number, out var partition))
        {
            if (memory.State == PartitionState.Disarmed && memory.Alarms.Count == 0)
            {
                return;
            }

            // Its zones are gone from the configuration; what is open in it still has to be ended by somebody.
            _partitions[number] = partition = new Partition(number);
        }

        partition.Recall(memory, now);
    }

    /// <summary>Goes on after <see cref="Recall"/>, and says so when a delay was running.</summary>
    /// <param name="number">The partition.</param>
    /// <param name="left">What is left of the delay, negative when it is over; null when no clock can say.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="transitions">Takes what follows.</param>
    public void Resume(byte number, TimeSpan? left, TimeSpan now, List<AlarmTransition> transitions)
    {
        if (!_partitions.TryGetValue(number, out var partition) || partition.Until is null)
        {
            return;
        }

        var isExit = partition.State == PartitionState.ExitDelay;
        var what = isExit ? "exit" : "entry";
        // More left than the delay is long means that the clock went back: it says nothing then. That happens once, or restarts in a row would
        // hold the end off for ever.
        if (left is null || left > partition.Whole)
        {
            left = partition.IsAgain ? TimeSpan.Zero : null;
        }

        if (left > TimeSpan.Zero)
        {
            partition.Until = now + left;
            transitions.Add(new(SmaEventKinds.PartitionState, number, null, null, true, partition.State,
                $"The gateway was restarted; the {what} delay of partition {number} goes on{(isExit ? $", {Seconds(left.Value)} are left." : $": {Seconds(left.Value)} to disarm, then an alarm.")}"));
        }
        else if (left is null)
        {
            partition.IsAgain = true;
            transitions.Add(new(SmaEventKinds.PartitionState, number, null, null, true, partition.State,
                $"The gateway was restarted and its clock does not say how long that took, so the {what} delay of partition {number} begins again: {Seconds(partition.Whole)} {(isExit ? "to leave through a delayed zone." : "to disarm, then an alarm.")}"));
        }
        else
        {
            partition.Until = null;
            if (isExit)
            {
                EndExit(partition, " while the gateway was restarted", transitions);
            }
            else
            {
                EndEntry(partition, "; the gateway was restarted meanwhile", transitions);
            }
        }
    }
}
