using System.Buffers.Binary;

namespace MediaRelay.Load.Relay;

/// <summary>Payloads that prove themselves: allocation, sequence number, time of sending and a body that depends on both numbers.</summary>
internal static class MediaPattern
{
    public const int HeaderLength = 24;
    private const uint Mark = 0x4D52_4C44;
    private static readonly byte[] Noise = MakeNoise();

    public static void Write(Span<byte> payload, int allocation, long sequence, long time)
    {
        BinaryPrimitives.WriteUInt32BigEndian(payload, Mark);
        BinaryPrimitives.WriteInt32BigEndian(payload[4..], allocation);
        BinaryPrimitives.WriteInt64BigEndian(payload[8..], sequence);
        BinaryPrimitives.WriteInt64BigEndian(payload[16..], time);
        var body = payload[HeaderLength..];
        Noise.AsSpan(Shift(allocation, sequence), body.Length).CopyTo(body);
    }

    public static bool TryVerify(ReadOnlySpan<byte> payload, int length, out int allocation, out long sequence, out long time)
    {
        allocation = 0;
        sequence = time = 0;
        if (payload.Length != length || BinaryPrimitives.ReadUInt32BigEndian(payload) != Mark)
            return false;
        allocation = BinaryPrimitives.ReadInt32BigEndian(payload[4..]);
        sequence = BinaryPrimitives.ReadInt64BigEndian(payload[8..]);
        time = BinaryPrimitives.ReadInt64BigEndian(payload[16..]);
        var body = payload[HeaderLength..];
        return body.SequenceEqual(Noise.AsSpan(Shift(allocation, sequence), body.Length));
    }

    private static int Shift(int allocation, long sequence) => (int)(((ulong)(allocation * 7919L) + (ulong)sequence) % 1021);

    private static byte[] MakeNoise()
    {
        var noise = new byte[4096];
        new Random(20261121).NextBytes(noise);
        return noise;
    }
}
