using System.Buffers.Binary;

namespace MediaRelay.Tests.Support;

/// <summary>
/// Changes valid inputs into nearly valid ones: flipped bits, edge values in 8, 16 and 32 bits, cuts, repeats, splices of two
/// inputs, and tokens of a dictionary. The same seed gives the same sequence on every machine. Works in its own buffers and
/// allocates nothing per input.
/// </summary>
public sealed class Mutator(IReadOnlyList<byte[]> corpus, int seed, IReadOnlyList<byte[]>? tokens = null, int maxLength = 8192)
{
    private static readonly uint[] Edges = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 19, 20, 31, 32, 63, 64, 127, 128, 255, 256, 1023, 1024, 0x7FFF, 0x8000, 0xFFFC, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF];

    private readonly Random random = new(seed);
    private readonly byte[] buffer = new byte[maxLength];
    private readonly byte[] scratch = new byte[maxLength];
    private int length;

    /// <summary>The next input; valid until the next call. About one in sixteen is an unchanged member of the corpus.</summary>
    public ReadOnlySpan<byte> Next()
    {
        Load(corpus[random.Next(corpus.Count)]);
        if (random.Next(16) != 0)
        {
            var steps = 1 + (int)Math.Min(random.Next(8), random.Next(8));
            for (var i = 0; i < steps; i++)
                Mutate();
        }

        return buffer.AsSpan(0, length);
    }

    private void Load(ReadOnlySpan<byte> input)
    {
        length = Math.Min(input.Length, buffer.Length);
        input[..length].CopyTo(buffer);
    }

    private void Mutate()
    {
        if (length == 0)
        {
            Insert(random.Next(1, 9));
            return;
        }

        var at = random.Next(length);
        switch (random.Next(11))
        {
            case 0:
                buffer[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                buffer[at] = (byte)random.Next(256);
                break;
            case 2:
                buffer[at] = (byte)Edges[random.Next(Edges.Length)];
                break;
            case 3 when length >= 2:
                BinaryPrimitives.WriteUInt16BigEndian(buffer.AsSpan(random.Next(length - 1)), (ushort)Edges[random.Next(Edges.Length)]);
                break;
            case 4 when length >= 4:
                BinaryPrimitives.WriteUInt32BigEndian(buffer.AsSpan(random.Next(length - 3)), Edges[random.Next(Edges.Length)]);
                break;
            case 5:
                length = at;
                break;
            case 6:
                Remove(at, random.Next(1, Math.Min(16, length - at) + 1));
                break;
            case 7:
                Insert(random.Next(1, 17));
                break;
            case 8:
                InsertAt(at, buffer.AsSpan(at, random.Next(1, Math.Min(32, length - at) + 1)));
                break;
            case 9:
                Splice(at);
                break;
            default:
                if (tokens is { Count: > 0 })
                    InsertAt(at, tokens[random.Next(tokens.Count)]);
                else
                    buffer[at] += (byte)random.Next(-4, 5);
                break;
        }
    }

    private void Insert(int count)
    {
        Span<byte> bytes = stackalloc byte[count];
        random.NextBytes(bytes);
        InsertAt(random.Next(length + 1), bytes);
    }

    private void InsertAt(int at, ReadOnlySpan<byte> bytes)
    {
        var count = Math.Min(bytes.Length, buffer.Length - length);
        bytes[..count].CopyTo(scratch);
        buffer.AsSpan(at, length - at).CopyTo(buffer.AsSpan(at + count));
        scratch.AsSpan(0, count).CopyTo(buffer.AsSpan(at));
        length += count;
    }

    private void Remove(int at, int count)
    {
        buffer.AsSpan(at + count, length - at - count).CopyTo(buffer.AsSpan(at));
        length -= count;
    }

    private void Splice(int at)
    {
        var other = corpus[random.Next(corpus.Count)];
        var from = random.Next(other.Length + 1);
        var count = Math.Min(other.Length - from, buffer.Length - at);
        other.AsSpan(from, count).CopyTo(buffer.AsSpan(at));
        length = at + count;
    }
}
