using System.Globalization;
using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>A prefix of addresses of one family, such as <c>10.0.0.0/8</c> or <c>fc00::/7</c>.</summary>
public readonly record struct AddressRange
{
    private readonly UInt128 bits;
    private readonly int shift;

    private AddressRange(IpFamily family, UInt128 bits, int length)
    {
        Family = family;
        Length = length;
        shift = (family == IpFamily.V4 ? 32 : 128) - length;
        this.bits = Shift(bits);
    }

    /// <summary>The family it applies to.</summary>
    public IpFamily Family { get; }

    /// <summary>Bits of the prefix.</summary>
    public int Length { get; }

    /// <summary>Reads <c>address/length</c>.</summary>
    /// <exception cref="FormatException">The text is no prefix.</exception>
    public static AddressRange Parse(string text) =>
        TryParse(text, out var range) ? range : throw new FormatException($"'{text}' is not a prefix such as 10.0.0.0/8 or fc00::/7.");

    /// <summary>Reads <c>address/length</c>; bits behind the prefix are ignored.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out AddressRange range)
    {
        range = default;
        var slash = text.IndexOf('/');
        if (slash < 0 || !TransportAddress.TryParseAddress(text[..slash], 0, out var address)) return false;
        if (!int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var length)) return false;
        if (length > (address.IsV4 ? 32 : 128)) return false;
        range = new AddressRange(address.Family, address.Bits, length);
        return true;
    }

    /// <summary>True when the address begins with this prefix.</summary>
    public bool Contains(TransportAddress address) => address.Family == Family && Shift(address.Bits) == bits;

    // A shift of a UInt128 by 128 is a shift by 0 in C#.
    private UInt128 Shift(UInt128 value) => shift == 128 ? 0 : value >> shift;
}
