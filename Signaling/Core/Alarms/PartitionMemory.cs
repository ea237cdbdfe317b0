using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace MediaRelay.Signaling.Alarms;

/// <summary>What must be known of a partition after a restart. Which zones are open is not: sensors say that themselves.</summary>
public sealed record PartitionMemory
{
    private const string Unknown = "-";

    /// <summary>Its state.</summary>
    public PartitionState State { get; init; }

    /// <summary>How it is armed.</summary>
    public ArmMode Mode { get; init; }

    /// <summary>Who armed it.</summary>
    public string? ArmedBy { get; init; }

    /// <summary>What was left of the running delay; not written, because only a clock that goes on over the restart can say it.</summary>
    public TimeSpan? Left { get; init; }

    /// <summary>How long the running delay is in full.</summary>
    public TimeSpan Whole { get; init; }

    /// <summary>True when the running delay began again after a restart already.</summary>
    public bool IsAgain { get; init; }

    /// <summary>The zone whose entry delay runs.</summary>
    public ushort? EntryZone { get; init; }

    /// <summary>Entry delay of this arming; null: each zone has its own.</summary>
    public TimeSpan? EntryDelay { get; init; }

    /// <summary>Alarms since the last disarm, oldest first.</summary>
    public IReadOnlyList<AlarmMemory> Alarms { get; init; } = [];

    /// <summary>As text: mode, state, end of the delay, its length in milliseconds, entry zone, alarms, entry delay of this arming and who armed, parted by semicolons.</summary>
    /// <param name="ends">When the running delay ends; null when nothing runs or the clock is not set.</param>
    public string Write(DateTimeOffset? ends) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Name(Mode)};{Name(State)};{ends?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) ?? Unknown};{Whole.TotalMilliseconds:0}{(IsAgain ? " again" : "")};{EntryZone};{string.Join(' ', Alarms.Select(Write))};{EntryDelay?.TotalMilliseconds:0};{ArmedBy}");

    /// <summary>Reads what <see cref="Write(DateTimeOffset?)"/> wrote, or a mode alone, as it was kept once: armed like that, and quiet.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out PartitionMemory? memory, out DateTimeOffset? ends)
    {
        memory = null;
        ends = null;
        string[] parts = text.Split(';', 8);
        if (!Enum.TryParse(parts[0], ignoreCase: true, out ArmMode mode) || !Enum.IsDefined(mode))
        {
            return false;
        }

        if (parts.Length == 1)
        {
            memory = new() { Mode = mode, State = mode == ArmMode.Off ? PartitionState.Disarmed : PartitionState.Armed };
            return true;
        }

        string[] whole = parts.Length == 8 ? parts[3].Split(' ') : [];
        if (whole.Length == 0 || !Enum.TryParse(parts[1], ignoreCase: true, out PartitionState state) || !Enum.IsDefined(state)
            || !long.TryParse(whole[0], NumberStyles.None, CultureInfo.InvariantCulture, out long milliseconds) || milliseconds > int.MaxValue)
        {
            return false;
        }

        if (DateTimeOffset.TryParse(parts[2], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end))
        {
            ends = end;
        }

        memory = new()
        {
            Mode = mode, State = state, Whole = TimeSpan.FromMilliseconds(milliseconds), IsAgain = whole.Length > 1,
            EntryZone = ushort.TryParse(parts[4], NumberStyles.None, CultureInfo.InvariantCulture, out ushort zone) ? zone : null,
            Alarms = [.. parts[5].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Read).OfType<AlarmMemory>()],
            EntryDelay = uint.TryParse(parts[6], NumberStyles.None, CultureInfo.InvariantCulture, out uint entry) ? TimeSpan.FromMilliseconds(entry) : null,
            ArmedBy = parts[7].Length > 0 ? parts[7] : null,
        };
        return true;
    }

    private static string Write(AlarmMemory alarm) => string.Create(CultureInfo.InvariantCulture, $"{alarm.Zone}:{alarm.Code}{(alarm.IsRestored ? ":restored" : "")}");

    private static AlarmMemory? Read(string text) =>
        text.Split(':') is [var zone, var code, .. var rest] && ushort.TryParse(zone, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) ? new(number, code, rest.Length > 0) : null;

    private static string Name<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
