using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MediaRelay.Qos.Cops;

/// <summary>Waiting times between attempts: doubling from the first to the longest, each shortened by up to half at random.</summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest, RandomNumberGenerator random)
{
    private int _attempts;

    public TimeSpan Next()
    {
        double factor = Math.Pow(2, Math.Min(_attempts++, 20));
        double ticks = Math.Min(first.Ticks * factor, longest.Ticks);
        Span<byte> bytes = stackalloc byte[4];
        random.GetBytes(bytes);
        double jitter = BinaryPrimitives.ReadUInt32LittleEndian(bytes) / (double)uint.MaxValue;
        return TimeSpan.FromTicks((long)(ticks * (1 - (jitter / 2))));
    }

    public void Reset() => _attempts = 0;
}
