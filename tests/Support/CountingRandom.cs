using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MediaRelay.Tests.Support;

/// <summary>
/// A deterministic <see cref="RandomNumberGenerator"/> for cores under test: the same seed gives the same bytes, every call gives
/// other bytes, and the number of bytes drawn is counted. It is no source of secrets.
/// </summary>
public sealed class CountingRandom(ulong seed = 1) : RandomNumberGenerator
{
    private ulong state = seed;

    /// <summary>Bytes drawn so far.</summary>
    public long BytesDrawn { get; private set; }

    /// <summary>Calls so far.</summary>
    public long Calls { get; private set; }

    public override void GetBytes(byte[] data) => GetBytes(data.AsSpan());

    public override void GetBytes(byte[] data, int offset, int count) => GetBytes(data.AsSpan(offset, count));

    public override void GetBytes(Span<byte> data)
    {
        BytesDrawn += data.Length;
        Calls++;
        Span<byte> word = stackalloc byte[8];
        while (!data.IsEmpty)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, Next());
            var take = Math.Min(8, data.Length);
            word[..take].CopyTo(data);
            data = data[take..];
        }
    }

    public override void GetNonZeroBytes(byte[] data) => GetNonZeroBytes(data.AsSpan());

    public override void GetNonZeroBytes(Span<byte> data)
    {
        GetBytes(data);
        foreach (ref var value in data)
            if (value == 0) value = 1;
    }

    // SplitMix64: full period, any seed is good.
    private ulong Next()
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
