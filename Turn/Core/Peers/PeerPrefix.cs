using System.Globalization;
using MediaRelay.Stun;

namespace MediaRelay.Turn.Peers;

/// <summary>An IP prefix such as <c>10.0.0.0/8</c> or <c>2001:db8::/32</c>; a bare address is a prefix of full length.</summary>
public readonly record struct PeerPrefix
{
    private readonly UInt128 _bits;
    private readonly UInt128 _mask;

    private PeerPrefix(IpFamily family, UInt128 bits, int length)
    {
        Family = family;
        Length = length;
        var width = family == IpFamily.V4 ? 32 : 128;
        _mask = length == 0 ? 0 : UInt128.MaxValue << (width - length);
        if (family == IpFamily.V4)
        {
            _mask &= uint.MaxValue;
        }

        _bits = bits & _mask;
    }

    public IpFamily Family { get; }

    /// <summary>Leading bits that count: 0 to 32 or 0 to 128.</summary>
    public int Length { get; }

    /// <summary>The network address, most significant byte first; IPv4 in the low 32 bits.</summary>
    public UInt128 Bits => _bits;

    public static PeerPrefix Of(TransportAddress address, int length) => new(address.Family, address.Bits, length);

    /// <summary>The prefix that holds this one address.</summary>
    public static PeerPrefix Single(TransportAddress address) => Of(address, address.IsV4 ? 32 : 128);

    /// <summary>Reads <c>address/length</c> or an address. Bits beyond the length must be zero, so that a typing error shows.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PeerPrefix prefix)
    {
        prefix = default;
        var slash = text.IndexOf('/');
        if (!TransportAddress.TryParseAddress(slash < 0 ? text : text[..slash], 0, out var address))
        {
            return false;
        }

        var length = address.IsV4 ? 32 : 128;
        if (slash >= 0)
        {
            if (!int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var given) || given > length)
            {
                return false;
            }

            length = given;
        }

        prefix = Of(address, length);
        return prefix._bits == address.Bits;
    }

    /// <exception cref="FormatException">The text is no prefix.</exception>
    public static PeerPrefix Parse(string text) =>
        TryParse(text, out var prefix) ? prefix : throw new FormatException($"'{text}' is not an address range such as 10.1.0.0/16 or 2001:db8::/32 (bits after the length must be zero).");

    public bool Contains(TransportAddress address) => address.Family == Family && (address.Bits & _mask) == _bits;

    internal bool Contains(UInt128 bits) => (bits & _mask) == _bits;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Family == IpFamily.V4 ? TransportAddress.V4((uint)_bits, 0) : TransportAddress.V6(_bits, 0)).AddressText()}/{Length}");
}
