using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MediaRelay.Turn.Tables;

/// <summary>Cryptographic random bytes taken from the generator 4 KiB at a time, so that one transaction id costs a copy.</summary>
internal sealed class RandomPool(RandomNumberGenerator random)
{
    private readonly byte[] _bytes = new byte[4096];
    private int _position = 4096;

    public void Fill(Span<byte> destination)
    {
        if (_position + destination.Length > _bytes.Length)
        {
            random.GetBytes(_bytes);
            _position = 0;
        }

        var source = _bytes.AsSpan(_position, destination.Length);
        source.CopyTo(destination);
        source.Clear();
        _position += destination.Length;
    }

    public uint NextUInt32()
    {
        Span<byte> bytes = stackalloc byte[4];
        Fill(bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    /// <summary>A uniform number in [0, limit).</summary>
    public int Below(int limit) => (int)(((ulong)NextUInt32() * (ulong)limit) >> 32);
}
