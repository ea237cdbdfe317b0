using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace MediaRelay.Turn.Tables;

/// <summary>A 32-bit hash with a secret key, so that outsiders who choose addresses and ports cannot aim at one slot of a table.</summary>
internal readonly struct KeyedHash
{
    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;

    public KeyedHash(RandomNumberGenerator random)
    {
        Span<byte> seed = stackalloc byte[24];
        random.GetBytes(seed);
        _a = MemoryMarshal.Read<ulong>(seed) | 1;
        _b = MemoryMarshal.Read<ulong>(seed[8..]) | 1;
        _c = MemoryMarshal.Read<ulong>(seed[16..]) | 1;
    }

    public uint Of(UInt128 address, ulong rest)
    {
        var h = Fold((ulong)(address >> 64) ^ _a, (ulong)address ^ _b);
        h = Fold(h ^ rest ^ _c, _a ^ (rest << 32));
        return (uint)(h ^ (h >> 32));
    }

    public uint Of(ReadOnlySpan<byte> name) => (uint)LongOf(name, 0);

    /// <summary>A 64-bit value for tables that keep only a fingerprint of the key.</summary>
    public ulong LongOf(ReadOnlySpan<byte> name, UInt128 address)
    {
        var h = Fold((ulong)(address >> 64) ^ _a ^ (ulong)name.Length, (ulong)address ^ _b);
        while (name.Length >= 8)
        {
            h = Fold(h ^ BinaryPrimitives.ReadUInt64LittleEndian(name), _c);
            name = name[8..];
        }

        ulong tail = 0;
        for (var i = 0; i < name.Length; i++)
        {
            tail |= (ulong)name[i] << (8 * i);
        }

        h = Fold(h ^ tail, _b);
        return h ^ (h >> 32);
    }

    private static ulong Fold(ulong x, ulong y)
    {
        var high = Math.BigMul(x, y, out var low);
        return high ^ low;
    }
}
