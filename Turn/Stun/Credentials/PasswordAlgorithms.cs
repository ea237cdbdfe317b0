using System.Buffers.Binary;

namespace MediaRelay.Stun;

/// <summary>The list in a PASSWORD-ALGORITHMS attribute, walked without allocation (RFC 8489 section 14.11).</summary>
public static class PasswordAlgorithms
{
    /// <summary>True when the value is a well-formed list that names the algorithm.</summary>
    public static bool Contains(ReadOnlySpan<byte> value, PasswordAlgorithm algorithm)
    {
        var found = false;
        while (!value.IsEmpty)
        {
            if (!TryReadOne(value, out var offered, out var length))
                return false;
            found |= offered == algorithm;
            value = value[length..];
        }

        return found;
    }

    /// <summary>The first algorithm of the list that is among <paramref name="known"/>; None when there is none or the list is malformed.</summary>
    public static PasswordAlgorithm FirstOf(ReadOnlySpan<byte> value, ReadOnlySpan<PasswordAlgorithm> known)
    {
        while (TryReadOne(value, out var offered, out var length))
        {
            if (known.Contains(offered))
                return offered;
            value = value[length..];
        }

        return PasswordAlgorithm.None;
    }

    /// <summary>One entry: number, length of parameters, parameters, padding. <paramref name="length"/> includes all of them.</summary>
    internal static bool TryReadOne(ReadOnlySpan<byte> value, out PasswordAlgorithm algorithm, out int length)
    {
        algorithm = PasswordAlgorithm.None;
        length = 0;
        if (value.Length < 4)
            return false;
        int parameters = BinaryPrimitives.ReadUInt16BigEndian(value[2..]);
        if (4 + parameters > value.Length)
            return false;
        algorithm = (PasswordAlgorithm)BinaryPrimitives.ReadUInt16BigEndian(value);
        // The last entry's padding may have been counted as the attribute's own padding.
        length = Math.Min(4 + ((parameters + 3) & ~3), value.Length);
        return true;
    }
}
