using System.Security.Cryptography;
using MediaRelay.Turn.Tables;

namespace MediaRelay.Turn.Limits;

/// <summary>
/// Counts of allocations per credential and per subscriber that several shards may share without a lock: a fixed table of
/// (fingerprint, count) words changed by compare-and-swap. Touched only when an allocation comes or goes.
/// </summary>
/// <remarks>
/// A key looks at 16 neighbouring words. Two shards that meet a new key in the same instant may file it twice, which can admit one
/// allocation too many; a window without room refuses. Fingerprints have 43 bits, so keys do not meet in practice.
/// </remarks>
public sealed class QuotaCounts
{
    private const int Window = 16;
    private const int CountBits = 20;
    private const long CountMask = (1L << CountBits) - 1;

    private readonly long[] _words;
    private readonly KeyedHash _hash;

    /// <summary>Room for <paramref name="capacity"/> keys at once; takes 32 to 64 bytes per key.</summary>
    public QuotaCounts(int capacity, RandomNumberGenerator random)
    {
        _hash = new KeyedHash(random);
        var size = 64;
        while (size < (long)capacity * 4 && size < 1 << 24)
        {
            size <<= 1;
        }

        _words = new long[size];
    }

    /// <summary>The key of a name; <paramref name="kind"/> keeps credentials and subscribers of the same name apart.</summary>
    internal ulong KeyOf(ReadOnlySpan<byte> name, int kind) => _hash.LongOf(name, (UInt128)(uint)kind);

    /// <summary>Counts one more under the key; false when <paramref name="limit"/> is reached.</summary>
    internal bool TryAdd(ulong key, int limit)
    {
        var print = Print(key);
        while (true)
        {
            var place = Find(key, print, out var word);
            if (place < 0)
            {
                return false;
            }

            var count = (word & ~CountMask) == print ? word & CountMask : 0;
            if (count >= limit)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _words[place], print | (count + 1), word) == word)
            {
                return true;
            }
        }
    }

    /// <summary>Counts one less under the key.</summary>
    internal void Remove(ulong key)
    {
        var print = Print(key);
        while (true)
        {
            var place = Find(key, print, out var word);
            if (place < 0 || (word & ~CountMask) != print || (word & CountMask) == 0)
            {
                return;
            }

            if (Interlocked.CompareExchange(ref _words[place], word - 1, word) == word)
            {
                return;
            }
        }
    }

    /// <summary>The count under the key.</summary>
    internal int CountOf(ulong key)
    {
        var print = Print(key);
        var place = Find(key, print, out var word);
        return place >= 0 && (word & ~CountMask) == print ? (int)(word & CountMask) : 0;
    }

    private static long Print(ulong key) => (long)(((key >> 1) | 1) << CountBits) & long.MaxValue;

    private int Find(ulong key, long print, out long word)
    {
        var start = (int)(key >> 40) & (_words.Length - 1);
        var free = -1;
        long freeWord = 0;
        for (var i = 0; i < Window; i++)
        {
            var place = (start + i) & (_words.Length - 1);
            word = Volatile.Read(ref _words[place]);
            if ((word & ~CountMask) == print && (word & CountMask) != 0)
            {
                return place;
            }

            if (free < 0 && (word & CountMask) == 0)
            {
                free = place;
                freeWord = word;
            }
        }

        word = freeWord;
        return free;
    }
}
