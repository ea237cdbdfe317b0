using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace MediaRelay.Media.Sdp;

/// <summary>The parameters of an a=fmtp line: "name=value" pairs between semicolons, names without regard to case.</summary>
public readonly struct FormatParameters : IEquatable<FormatParameters>
{
    private readonly string? _text;

    public FormatParameters(string? text) => _text = text;

    /// <summary>The line's text as it was read; empty when there is no such line.</summary>
    public string Text => _text ?? "";

    public bool IsEmpty => string.IsNullOrEmpty(_text);

    /// <summary>Value of a parameter, without white space around it; null when absent.</summary>
    public string? this[string name]
    {
        get
        {
            var rest = Text.AsSpan();
            while (!rest.IsEmpty)
            {
                var end = rest.IndexOf(';');
                var pair = (end < 0 ? rest : rest[..end]).Trim();
                rest = end < 0 ? default : rest[(end + 1)..];
                var equal = pair.IndexOf('=');
                var key = equal < 0 ? pair : pair[..equal].TrimEnd();
                if (key.Equals(name, StringComparison.OrdinalIgnoreCase)) return equal < 0 ? "" : pair[(equal + 1)..].TrimStart().ToString();
            }
            return null;
        }
    }

    /// <summary>A decimal parameter, or <paramref name="absent"/> when it is missing or not a number.</summary>
    public int Number(string name, int absent) =>
        int.TryParse(this[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : absent;

    public bool Equals(FormatParameters other) => Text == other.Text;

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is FormatParameters other && Equals(other);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;

    public static bool operator ==(FormatParameters left, FormatParameters right) => left.Equals(right);

    public static bool operator !=(FormatParameters left, FormatParameters right) => !left.Equals(right);
}
