using System.Globalization;

namespace MediaRelay.Gateway.Directives;

/// <summary>An action that waits for its delay, in a form that survives a restart.</summary>
/// <param name="Directive">The directive that wants it.</param>
/// <param name="Version">Its version; a changed directive's actions are not done any more.</param>
/// <param name="Index">Which of its actions.</param>
/// <param name="At">When it is due, monotonic.</param>
/// <param name="Due">When it is due by the clock; null when that was not set.</param>
public sealed record DelayedAction(string Directive, uint Version, int Index, TimeSpan At, DateTimeOffset? Due)
{
    /// <summary>The kept form.</summary>
    public string Write() => string.Create(CultureInfo.InvariantCulture, $"{Directive} {Version} {Index} {Due?.UtcTicks ?? 0}");

    /// <summary>Reads the kept form; <see cref="At"/> is not known yet. Null when it is none.</summary>
    public static DelayedAction? Read(string text) =>
        text.Split(' ') is [var directive, var version, var index, var due]
            && uint.TryParse(version, CultureInfo.InvariantCulture, out uint number) && int.TryParse(index, CultureInfo.InvariantCulture, out int place)
            && long.TryParse(due, CultureInfo.InvariantCulture, out long ticks) && ticks >= 0 && ticks <= DateTimeOffset.MaxValue.UtcTicks
            ? new DelayedAction(directive, number, place, default, ticks == 0 ? null : new DateTimeOffset(ticks, TimeSpan.Zero))
            : null;
}
