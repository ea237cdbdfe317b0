using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace MediaRelay.Stun;

/// <summary>
/// An IP address and a port as a value: comparable, hashable, without an object behind it. The default value has family
/// <see cref="IpFamily.None"/> and means "no address". IPv6 zone identifiers are not kept. The transport protocol (UDP, TCP)
/// is not part of the value; <c>FiveTuple</c> adds it.
/// </summary>
public readonly record struct TransportAddress
{
    private readonly ulong _high;
    private readonly ulong _low;

    private TransportAddress(IpFamily family, ulong high, ulong low, ushort port)
    {
        _high = high;
        _low = low;
        Port = port;
        Family = family;
    }

    public IpFamily Family { get; }

    public ushort Port { get; }

    /// <summary>The address as a number, most significant byte first; an IPv4 address occupies the low 32 bits.</summary>
    public UInt128 Bits => new(_high, _low);

    public bool IsV4 => Family == IpFamily.V4;

    public bool IsV6 => Family == IpFamily.V6;

    /// <summary>True when there is no address at all (the default value).</summary>
    public bool IsNone => Family == IpFamily.None;

    /// <summary>True for 0.0.0.0 and ::.</summary>
    public bool IsUnspecified => !IsNone && (_high | _low) == 0;

    public bool IsLoopback => IsV4 ? _low >> 24 == 127 : IsV6 && _high == 0 && _low == 1;

    /// <summary>Bytes of the address: 4, 16, or 0 for no address.</summary>
    public int AddressLength => Family switch { IpFamily.V4 => 4, IpFamily.V6 => 16, _ => 0 };

    public static TransportAddress V4(uint bits, ushort port) => new(IpFamily.V4, 0, bits, port);

    public static TransportAddress V6(UInt128 bits, ushort port) => new(IpFamily.V6, (ulong)(bits >> 64), (ulong)bits, port);

    /// <summary>Reads 4 or 16 bytes in network order. Any other length is the caller's bug.</summary>
    /// <exception cref="ArgumentException">The length is neither 4 nor 16.</exception>
    public static TransportAddress FromBytes(ReadOnlySpan<byte> address, ushort port) => address.Length switch
    {
        4 => new(IpFamily.V4, 0, BinaryPrimitives.ReadUInt32BigEndian(address), port),
        16 => new(IpFamily.V6, BinaryPrimitives.ReadUInt64BigEndian(address), BinaryPrimitives.ReadUInt64BigEndian(address[8..]), port),
        _ => throw new ArgumentException($"An IP address has 4 or 16 bytes, not {address.Length}.", nameof(address)),
    };

    public static TransportAddress From(IPAddress address, int port)
    {
        Span<byte> bytes = stackalloc byte[16];
        _ = address.TryWriteBytes(bytes, out var length);
        return FromBytes(bytes[..length], checked((ushort)port));
    }

    public static TransportAddress From(IPEndPoint endPoint) => From(endPoint.Address, endPoint.Port);

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        return IsNone ? IPAddress.None : new IPAddress(bytes[..WriteAddress(bytes)]);
    }

    public IPEndPoint ToEndPoint() => new(ToIPAddress(), Port);

    /// <summary>Writes the address in network order and returns 4, 16 or 0.</summary>
    public int WriteAddress(Span<byte> destination)
    {
        if (IsV4)
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_low);
        else if (IsV6)
        {
            BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
            BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
        }

        return AddressLength;
    }

    public TransportAddress WithPort(int port) => new(Family, _high, _low, checked((ushort)port));

    /// <summary>True when both have the same family and IP address; ports are not compared.</summary>
    public bool HasSameAddress(TransportAddress other) => _low == other._low && _high == other._high && Family == other.Family;

    /// <summary>
    /// ::ffff:a.b.c.d as the IPv4 address a.b.c.d, everything else unchanged. For addresses a dual-stack socket reports;
    /// never apply it to an address that came in a message, or a peer policy could be walked around.
    /// </summary>
    public TransportAddress Unmapped() => IsV6 && _high == 0 && _low >> 32 == 0xFFFF ? V4((uint)_low, Port) : this;

    /// <summary>
    /// Reads <c>192.0.2.1:3478</c> or <c>[2001:db8::1]:3478</c>. IPv4 needs four decimal parts, so that <c>1</c> or
    /// <c>0x7f.1</c>, which <see cref="IPAddress.Parse(string)"/> takes, are refused.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TransportAddress address)
    {
        address = default;
        var colon = text.LastIndexOf(':');
        if (colon < 1 || !ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return false;
        var host = text[..colon];
        if (host[0] == '[')
        {
            if (host[^1] != ']')
                return false;
            host = host[1..^1];
            if (!host.Contains(':'))
                return false;
        }
        else if (host.Contains(':'))
            return false;

        return TryParseAddress(host, port, out address);
    }

    /// <summary>Reads an address without port, <c>192.0.2.1</c> or <c>2001:db8::1</c>, and gives it the port.</summary>
    public static bool TryParseAddress(ReadOnlySpan<char> text, int port, out TransportAddress address)
    {
        address = default;
        if (port is < 0 or > ushort.MaxValue || text.IndexOfAny('%', '[', ']') >= 0)
            return false;
        if (!text.Contains(':') && !IsDottedQuad(text))
            return false;
        if (!IPAddress.TryParse(text, out var parsed))
            return false;
        address = From(parsed, port);
        return true;
    }

    /// <exception cref="FormatException">The text is no transport address.</exception>
    public static TransportAddress Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not an address with a port, such as 192.0.2.1:3478 or [2001:db8::1]:3478.");

    /// <summary>The address alone, without port and brackets.</summary>
    public string AddressText() => IsNone ? "-" : ToIPAddress().ToString();

    public override string ToString() => Family switch
    {
        IpFamily.V4 => string.Create(CultureInfo.InvariantCulture, $"{(byte)(_low >> 24)}.{(byte)(_low >> 16)}.{(byte)(_low >> 8)}.{(byte)_low}:{Port}"),
        IpFamily.V6 => string.Create(CultureInfo.InvariantCulture, $"[{ToIPAddress()}]:{Port}"),
        _ => "-",
    };

    public bool Equals(TransportAddress other) =>
        _low == other._low && _high == other._high && Port == other.Port && Family == other.Family;

    public override int GetHashCode() => HashCode.Combine(_high, _low, ((int)Family << 16) | Port);

    private static bool IsDottedQuad(ReadOnlySpan<char> text)
    {
        var parts = 0;
        foreach (var range in text.Split('.'))
        {
            var part = text[range];
            if (++parts > 4 || part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0') || part.ContainsAnyExceptInRange('0', '9'))
                return false;
        }

        return parts == 4;
    }
}
