using System.Security.Cryptography;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;

namespace MediaRelay.Stun.Tests;

/// <summary>Kept hash contexts give the same integrity as one-shot calls, for keys shorter and longer than a block, one after another.</summary>
public sealed class IntegrityMacTests
{
    private readonly byte[] _bytes = Enumerable.Range(0, 600).Select(i => (byte)(i * 7)).ToArray();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(200)]
    public void It_equals_HMAC_for_every_length_of_message(int keyLength)
    {
        using var mac = new IntegrityMac();
        var key = _bytes.AsSpan(300, keyLength);
        Span<byte> value = stackalloc byte[32];
        for (var length = 0; length <= 300; length++)
        {
            var covered = _bytes.AsSpan(0, length);
            mac.Compute(covered, key, value, sha256: false);
            Assert.True(value[..20].SequenceEqual(HMACSHA1.HashData(key, covered)));
            mac.Compute(covered, key, value, sha256: true);
            Assert.True(value.SequenceEqual(HMACSHA256.HashData(key, covered)));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_message_written_with_it_verifies_without_it_and_the_other_way_round_and_nothing_is_allocated(bool sha256)
    {
        using var mac = new IntegrityMac();
        var key = new byte[16];
        var buffer = new byte[200];
        bool Exchange(IntegrityMac? writing, IntegrityMac? reading, byte change)
        {
            var writer = new StunWriter(buffer, StunMethod.Refresh, StunClass.Request, default);
            writer.AddLifetime(600);
            if (sha256)
                writer.AddIntegritySha256(key, writing);
            else
                writer.AddIntegrity(key, writing);
            buffer[27] ^= change;
            return StunMessage.TryRead(buffer.AsSpan(0, writer.Length), out var message, out _)
                && (sha256 ? MessageIntegrity.VerifySha256(message, key, mac: reading) : MessageIntegrity.Verify(message, key, reading));
        }

        Assert.True(Exchange(mac, null, 0));
        Assert.True(Exchange(null, mac, 0));
        Assert.False(Exchange(mac, mac, 1));
        AllocationCheck.Zero(() => _ = Exchange(mac, mac, 0));
    }
}
