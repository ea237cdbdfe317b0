using System.Buffers.Binary;
using System.Text;

namespace MediaRelay.Qos.Pcmm;

/// <summary>Name of a service class at the CMTS, 1 to 15 ASCII characters, kept as bytes.</summary>
public readonly record struct ServiceClassName(UInt128 Value)
{
    /// <summary>Longest name in characters; the wire adds a NUL.</summary>
    public const int MaxLength = 15;

    public ServiceClassName(string name)
        : this(Parse(name))
    {
    }

    internal int Length => 16 - (int)(UInt128.TrailingZeroCount(Value) / 8);

    /// <summary>Bytes on the wire: name, NUL, zeros up to four.</summary>
    internal int PaddedLength => Math.Max(4, (Length + 4) & ~3);

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return Value == 0 ? "" : Encoding.ASCII.GetString(bytes[..Length]);
    }

    /// <summary>Reads a padded name; false when it is empty, unterminated or longer than 16 bytes.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> padded, out ServiceClassName name)
    {
        name = default;
        int length = padded.IndexOf((byte)0);
        if (padded.Length is < 4 or > 16 || length < 1 || padded[length..].ContainsAnyExcept((byte)0)) return false;
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        padded[..length].CopyTo(bytes);
        name = new ServiceClassName(BinaryPrimitives.ReadUInt128BigEndian(bytes));
        return true;
    }

    internal void Write(Span<byte> padded)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        bytes[..padded.Length].CopyTo(padded);
    }

    private static UInt128 Parse(string name)
    {
        if (name.Length is 0 or > MaxLength || !Ascii.IsValid(name) || name.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException($"A service class name has 1 to {MaxLength} ASCII characters, not \"{name}\".", nameof(name));
        }
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        Encoding.ASCII.GetBytes(name, bytes);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
