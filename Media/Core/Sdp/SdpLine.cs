namespace MediaRelay.Media.Sdp;

/// <summary>One "type=value" line as it was read (RFC 8866 section 5).</summary>
/// <param name="Type">The type letter.</param>
/// <param name="Value">Everything behind the equals sign.</param>
public readonly record struct SdpLine(char Type, string Value)
{
    /// <summary>Name of an a= line, up to the colon; empty for other types.</summary>
    public ReadOnlySpan<char> AttributeName
    {
        get
        {
            if (Type != 'a') return default;
            var colon = Value.IndexOf(':', StringComparison.Ordinal);
            return colon < 0 ? Value : Value.AsSpan(0, colon);
        }
    }

    /// <summary>Value of an a= line behind the colon; empty for a flag.</summary>
    public string AttributeValue
    {
        get
        {
            var colon = Value.IndexOf(':', StringComparison.Ordinal);
            return Type != 'a' || colon < 0 ? "" : Value[(colon + 1)..];
        }
    }

    public bool IsAttribute(string name) =>
        Type == 'a' && Value.StartsWith(name, StringComparison.Ordinal) && (Value.Length == name.Length || Value[name.Length] == ':');

    public static SdpLine Attribute(string name, string? value = null) => new('a', value is null ? name : $"{name}:{value}");
}
