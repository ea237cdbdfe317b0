using System.Collections;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace MediaRelay.Server.Configuration;

/// <summary>How option values are written, read and shown: one place for durations, numbers, switches, names and lists.</summary>
internal static partial class OptionValue
{
    private static readonly Type[] Simple =
        [typeof(string), typeof(bool), typeof(int), typeof(long), typeof(uint), typeof(ushort), typeof(double), typeof(TimeSpan)];

    public static bool IsSimple(Type type) => type.IsEnum || Simple.Contains(type);

    /// <summary>The element type of an option that is a list, or null.</summary>
    public static Type? ElementType(Type type)
    {
        if (type.IsArray)
        {
            return type.GetElementType();
        }

        return type != typeof(string) && !IsTextMap(type) && type.IsGenericType && typeof(IEnumerable).IsAssignableFrom(type)
            ? type.GetGenericArguments()[0]
            : null;
    }

    public static bool IsTextMap(Type type) => type.IsAssignableFrom(typeof(Dictionary<string, string>)) && type != typeof(object) && type.IsGenericType && type.GetGenericArguments().Length == 2;

    public static bool TryParse(string text, Type type, out object? value, out string allowed)
    {
        allowed = $"{Describe(type)} is wanted";
        value = null;
        if (type == typeof(string))
        {
            value = text;
            return true;
        }

        if (type == typeof(TimeSpan))
        {
            var ok = TryParseDuration(text, out var duration, out allowed);
            value = duration;
            return ok;
        }

        if (type.IsEnum)
        {
            allowed = $"one of {string.Join(", ", Enum.GetNames(type))} is wanted";
            return !int.TryParse(text, out _) && Enum.TryParse(type, text, ignoreCase: true, out value);
        }

        if (type == typeof(bool))
        {
            var ok = bool.TryParse(text, out var b);
            value = b;
            return ok;
        }

        try
        {
            value = Convert.ChangeType(text, type, CultureInfo.InvariantCulture);
            return true;
        }
        catch (Exception e) when (e is FormatException or OverflowException or InvalidCastException)
        {
            return false;
        }
    }

    /// <summary>Reads <c>00:00:10</c>, <c>1.00:00:00</c>, <c>500ms</c>, <c>10s</c>, <c>5m</c>, <c>2h</c> or <c>7d</c>. A bare number is refused: it would mean days.</summary>
    public static bool TryParseDuration(string text, out TimeSpan value, out string allowed)
    {
        allowed = "a duration with its unit is wanted (500ms, 10s, 5m, 2h, 7d or hh:mm:ss)";
        value = default;
        if (Duration().Match(text.Trim()) is { Success: true } match)
        {
            var number = double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            value = match.Groups[2].Value switch
            {
                "ms" => TimeSpan.FromMilliseconds(number),
                "s" => TimeSpan.FromSeconds(number),
                "m" => TimeSpan.FromMinutes(number),
                "h" => TimeSpan.FromHours(number),
                _ => TimeSpan.FromDays(number),
            };
            return true;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
        {
            allowed = "a bare number has no unit; write 500ms, 10s, 5m, 2h, 7d or hh:mm:ss";
            return false;
        }

        return text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value);
    }

    public static string Describe(Type type) => type switch
    {
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(string) => "text",
        _ when type == typeof(TimeSpan) => "duration",
        _ when type == typeof(double) => "a number",
        _ when type.IsEnum => string.Join(" | ", Enum.GetNames(type)),
        _ when IsTextMap(type) => "map of text",
        _ when ElementType(type) is { } element => $"list of {Describe(element)}",
        _ when IsSimple(type) => "a whole number",
        _ => "section",
    };

    public static string Format(object? value) => value switch
    {
        null => "null",
        TimeSpan span => FormatDuration(span),
        bool b => b ? "true" : "false",
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    public static string FormatDuration(TimeSpan span)
    {
        if (span == TimeSpan.Zero)
        {
            return "0s";
        }

        (double Count, string Unit)[] units = [(span.TotalDays, "d"), (span.TotalHours, "h"), (span.TotalMinutes, "m"), (span.TotalSeconds, "s")];
        foreach (var (count, unit) in units)
        {
            if (count >= 1 && count == Math.Floor(count))
            {
                return $"{count.ToString(CultureInfo.InvariantCulture)}{unit}";
            }
        }

        return $"{span.TotalMilliseconds.ToString(CultureInfo.InvariantCulture)}ms";
    }

    public static string Range(RangeAttribute range) => $"{Bound(range, range.Minimum)} to {Bound(range, range.Maximum)}";

    public static string DescriptionOf(MemberInfo member) => member.GetCustomAttribute<DescriptionAttribute>()?.Description ?? "";

    /// <summary>The default as an example, or a neutral one when the default is empty.</summary>
    public static string Example(PropertyInfo property, object defaults)
    {
        var value = property.GetValue(defaults);
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return value is null or "" ? type == typeof(TimeSpan) ? "10s" : type == typeof(bool) ? "true" : type.IsEnum ? Enum.GetNames(type)[0] : "1" : Format(value);
    }

    /// <summary>A value as it may be shown: control characters escaped, long text cut.</summary>
    public static string Shown(string? text)
    {
        var clean = string.Concat((text ?? "").Select(c => char.IsControl(c) ? '?' : c));
        return clean.Length > 80 ? clean[..80] + "..." : clean;
    }

    private static string Bound(RangeAttribute range, object bound) =>
        range.OperandType == typeof(TimeSpan) && TimeSpan.TryParse(bound.ToString(), CultureInfo.InvariantCulture, out var span) ? FormatDuration(span) : Format(bound);

    [GeneratedRegex(@"^(\d+(?:\.\d+)?)(ms|s|m|h|d)$", RegexOptions.CultureInvariant)]
    private static partial Regex Duration();
}
