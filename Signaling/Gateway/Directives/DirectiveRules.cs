using System.Globalization;

namespace MediaRelay.Gateway.Directives;

/// <summary>What a directive may ask of this gateway, and when its conditions hold.</summary>
internal static class DirectiveRules
{
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    /// <summary>Null when this gateway can carry the directive out, else one sentence that says why not.</summary>
    public static string? Check(DirectiveBody directive)
    {
        foreach (DirectiveAction action in directive.Do)
        {
            string? fault = action.Kind switch
            {
                _ when action.Delay > s_longest => "An action is delayed by one day at most.",
                InstructionKinds.PropertySet when action is not { Device: not null, Property: not null, Value: not null } => "property.set needs a device, a property and a value.",
                InstructionKinds.PartitionArm when action is not { Partition: not null, Mode: "away" or "stay" or "night" or "off" } => "partition.arm needs a partition and the mode away, stay, night or off.",
                "clip.record" when action.Device is null => "clip.record needs a device.",
                InstructionKinds.PropertySet or InstructionKinds.PartitionArm or "clip.record" or "event.raise" => null,
                _ => $"This gateway does not know the action {action.Kind}.",
            };
            if (fault is not null)
                return fault;
        }

        return null;
    }

    /// <summary>True when a condition is about this property, or about any.</summary>
    public static bool Names(DirectiveCondition condition, string device, string property) =>
        (condition.Device is null || condition.Device == device) && (condition.Property is null || condition.Property == property);

    /// <summary>True when the condition holds now. What cannot be judged, such as a time of day without a clock, does not hold.</summary>
    public static bool IsTrue(DirectiveCondition condition, IHomeView home, TimeOnly? local)
    {
        if ((condition.Device is null) != (condition.Property is null) || (condition.Partition is null) != (condition.Mode is null))
            return false;
        if (condition is { Device: { } device, Property: { } property } && (home.Value(device, property) is not { } value || !Holds(condition.Op, value, condition.Value)))
            return false;
        if (condition is { Partition: { } partition, Mode: { } mode } && home.Mode(partition) != mode)
            return false;
        return (condition.From, condition.To) switch
        {
            (null, null) => true,
            _ when local is null => false,
            ({ } from, { } to) => local.Value.IsBetween(from, to),
            ({ } from, null) => local >= from,
            (null, { } to) => local < to,
        };
    }

    /// <summary>Compares as numbers when both are numbers.</summary>
    public static bool Holds(string op, string value, string? wanted)
    {
        if (op == "any" || wanted is null)
            return true;
        int order = Number(value) is { } left && Number(wanted) is { } right ? left.CompareTo(right) : string.CompareOrdinal(value, wanted);
        return op switch
        {
            "ne" => order != 0,
            "lt" => order < 0,
            "le" => order <= 0,
            "gt" => order > 0,
            "ge" => order >= 0,
            _ => order == 0,
        };
    }

    /// <summary>The number that a value is; null when it is none.</summary>
    public static decimal? Number(string text) => decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number) ? number : null;
}
